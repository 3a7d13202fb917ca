using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

public sealed class QuantizedLinearFormatTests
{
    [Theory]
    [InlineData(BitWidth.Ternary, 16, false)]
    [InlineData(BitWidth.Two, 16, true)]
    [InlineData(BitWidth.Three, 7, false)]
    [InlineData(BitWidth.Four, 37, false)]
    [InlineData(BitWidth.Eight, 16, true)]
    public void A_layer_survives_the_way_to_disk_and_back(BitWidth bits, int groupSize, bool indexed)
    {
        var random = new Random(1);
        const int Rows = 5;
        const int Columns = 37;
        var groups = (Columns + groupSize - 1) / groupSize;
        var top = bits == BitWidth.Ternary ? 2 : (1 << (int)bits) - 1;
        var linear = new QuantizedLinear(
            Rows, Columns, bits, groupSize,
            [.. Enumerable.Range(0, Rows * Columns).Select(_ => (byte)random.Next(top + 1))],
            [.. Enumerable.Range(0, Rows * groups).Select(_ => random.NextSingle())],
            [.. Enumerable.Range(0, Rows * groups).Select(_ => (float)random.Next(top + 1))],
            indexed ? [.. Enumerable.Range(0, Columns).Select(_ => random.Next(groups))] : null);
        using var stream = new MemoryStream();
        QuantizedLinearFormat.Write(stream, linear);
        stream.Position = 0;

        var read = QuantizedLinearFormat.Read(stream);

        Assert.Equal(stream.Length, stream.Position);
        Assert.Equal((linear.OutFeatures, linear.InFeatures, linear.Bits, linear.GroupSize), (read.OutFeatures, read.InFeatures, read.Bits, read.GroupSize));
        Assert.Equal(linear.Codes, read.Codes);
        Assert.Equal(linear.Scales, read.Scales);
        Assert.Equal(linear.Zeros, read.Zeros);
        Assert.Equal(linear.GroupIndex, read.GroupIndex);
    }

    [Fact]
    public void What_is_cut_short_or_something_else_is_refused()
    {
        using var nothing = new MemoryStream(new byte[64]);
        Assert.Throws<InvalidDataException>(() => QuantizedLinearFormat.Read(nothing));
        using var cut = new MemoryStream([1, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        Assert.Throws<EndOfStreamException>(() => QuantizedLinearFormat.Read(cut));
    }
}
