namespace Gptq.Quantization.Tests.Architectures;

internal static class Difference
{
    /// <summary>The greatest absolute difference; NaN counts as infinite.</summary>
    public static double Max(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        var greatest = 0.0;
        for (var index = 0; index < actual.Length; index++)
        {
            var difference = Math.Abs((double)actual[index] - expected[index]);
            greatest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(greatest, difference);
        }

        return greatest;
    }

    /// <summary>The distance from the least to the greatest value.</summary>
    public static double Spread(ReadOnlySpan<float> values)
    {
        float least = float.PositiveInfinity, greatest = float.NegativeInfinity;
        foreach (var value in values)
        {
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
        }

        return greatest - least;
    }
}
