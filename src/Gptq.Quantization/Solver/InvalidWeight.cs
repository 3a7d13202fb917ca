namespace Gptq.Quantization.Solver;

/// <summary>The failure of a weight that is not a finite number.</summary>
internal static class InvalidWeight
{
    /// <summary>GPTQ4003.</summary>
    public static GptqException At(string layer, float value, int row, int column) =>
        new("GPTQ4003", $"The weight of {layer} is {value} at row {row}, column {column}. The checkpoint is damaged; fetch it again.");

    /// <summary>Refuses a weight that holds one.</summary>
    /// <exception cref="GptqException">GPTQ4003.</exception>
    public static void Refuse(string layer, ReadOnlySpan<float> weight, int columns)
    {
        var at = weight.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at >= 0) throw At(layer, weight[at], at / columns, at % columns);
    }
}
