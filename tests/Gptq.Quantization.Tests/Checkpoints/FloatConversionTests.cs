using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Tests.Checkpoints;

public sealed class FloatConversionTests
{
    private static readonly ushort[] EveryPattern = [.. Enumerable.Range(0, 1 << 16).Select(bits => (ushort)bits)];

    [Fact]
    public void EveryFloat16PatternBecomesItsExactValue()
    {
        var values = new float[EveryPattern.Length];
        FloatConversion.FromFloat16(EveryPattern, values);
        foreach (var bits in EveryPattern)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf(bits);
            Assert.True(Same(expected, values[bits]), $"{bits:x4}: {values[bits]:R}, expected {expected:R}");
            Assert.Equal(BitConverter.SingleToUInt32Bits(values[bits]), BitConverter.SingleToUInt32Bits(FloatConversion.FromFloat16(bits)));
        }
    }

    [Fact]
    public void EveryBFloat16PatternIsTheUpperHalfOfItsFloat()
    {
        var values = new float[EveryPattern.Length];
        FloatConversion.FromBFloat16(EveryPattern, values);
        Assert.All(EveryPattern, bits => Assert.Equal((uint)bits << 16, BitConverter.SingleToUInt32Bits(values[bits])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(47)]
    public void LengthsThatFillNoVectorAreConvertedAndNothingBehindThemIsTouched(int length)
    {
        var source = EveryPattern.AsSpan(0x3C00, length);
        var half = Enumerable.Repeat(-1f, length + 1).ToArray();
        var brain = Enumerable.Repeat(-1f, length + 1).ToArray();
        FloatConversion.FromFloat16(source, half);
        FloatConversion.FromBFloat16(source, brain);
        for (var i = 0; i < length; i++)
        {
            Assert.Equal((float)BitConverter.UInt16BitsToHalf(source[i]), half[i]);
            Assert.Equal(BitConverter.UInt32BitsToSingle((uint)source[i] << 16), brain[i]);
        }

        Assert.Equal((-1f, -1f), (half[length], brain[length]));
    }

    [Fact]
    public void DoublesAreRoundedToTheNearestFloat()
    {
        double[] source = [1.0 / 3, 1e300, -1e300, 1e-50, double.NaN, 16777217.0];
        var values = new float[source.Length];
        FloatConversion.FromFloat64(source, values);
        Assert.Equal([1f / 3, float.PositiveInfinity, float.NegativeInfinity, 0f, float.NaN, 16777216f], values);
    }

    [Fact]
    public void AShortDestinationIsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FloatConversion.FromFloat16(new ushort[20], new float[19]));
        Assert.Throws<ArgumentOutOfRangeException>(() => FloatConversion.FromBFloat16(new ushort[20], new float[19]));
    }

    private static bool Same(float expected, float actual)
        => float.IsNaN(expected)
            ? float.IsNaN(actual) && float.IsNegative(expected) == float.IsNegative(actual)
            : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(actual);
}
