using Gptq.Numerics.Packed;

namespace Gptq.Numerics.Tests.Packed;

public sealed class WeightPackerTests
{
    [Theory]
    [InlineData(PackedFormat.Ternary)]
    [InlineData(PackedFormat.Bits2)]
    [InlineData(PackedFormat.Bits3)]
    [InlineData(PackedFormat.Bits4)]
    [InlineData(PackedFormat.Bits8)]
    public void KeepsEveryWeightExactly(PackedFormat format)
    {
        foreach (var (inFeatures, groupSize, shuffled) in new[] { (100, 32, false), (96, 16, true), (70, 70, false), (50, 12, false) })
        {
            var sample = new PackedSample(format, 19, inFeatures, groupSize, symmetric: false, shuffled);
            var rows = sample.With(weights =>
            {
                var all = new float[19 * inFeatures];
                for (var row = 0; row < 19; row++)
                {
                    PackedGather.Row(weights, row, all.AsSpan(row * inFeatures, inFeatures));
                }

                return all;
            });

            Assert.Equal(sample.Weights.Select(weight => (float)weight), rows);
        }
    }

    [Fact]
    public void TakesTheBitsThatTheDocumentationPromises()
    {
        var symmetric = new PackedSample(PackedFormat.Bits3, 64, 1024, 128, symmetric: true, shuffled: false);
        var asymmetric = new PackedSample(PackedFormat.Bits4, 64, 1024, 128, symmetric: false, shuffled: false);

        Assert.Equal(3 + (16 / 128.0), symmetric.Packed.BitsPerWeight);
        Assert.Equal(4 + (20 / 128.0), asymmetric.Packed.BitsPerWeight);
    }

    [Fact]
    public void GivesTheBytesOfTheDocumentation()
    {
        // Row 1, columns 0 … 31 with codes 0, 1, 2, … modulo 8: the words of row 1 are bytes 4 … 7 of each vector.
        var codes = Enumerable.Range(0, 64).Select(i => (byte)(i < 32 ? 0 : i % 8)).ToArray();
        var packed = WeightPacker.Pack(PackedFormat.Bits3, 2, 32, 32, codes, [1, 1], [4, 4]);

        Assert.Equal(192, packed.Codes.Length);
        Assert.Equal(new byte[] { 0x20, 0x69, 0xB2, 0xFB }, packed.Codes[4..8]);
        Assert.Equal(new byte[] { 0x20, 0x69, 0xB2, 0xFB }, packed.Codes[68..72]);
        Assert.Equal(new byte[] { 0xA0, 0xA9, 0xB2, 0xBB }, packed.Codes[132..136]);
        Assert.All(packed.Codes[..4], value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(4, 1f, 0f)]
    [InlineData(3, 1f, 4f)]
    [InlineData(3, 1f, 0.5f)]
    [InlineData(3, 1e6f, 0f)]
    [InlineData(3, float.NaN, 0f)]
    public void RefusesWhatTheLayoutCannotHold(byte code, float scale, float zero)
    {
        var codes = new byte[32];
        codes[7] = code;

        Assert.Throws<ArgumentException>(() => WeightPacker.Pack(PackedFormat.Bits2, 1, 32, 32, codes, [scale], [zero]));
    }

    [Fact]
    public void RefusesAGroupThatIsNotThere() =>
        Assert.Throws<ArgumentException>(() => WeightPacker.Pack(
            PackedFormat.Bits2, 1, 4, 2, new byte[4], [1, 1], [0, 0], [0, 1, 2, 0]));
}
