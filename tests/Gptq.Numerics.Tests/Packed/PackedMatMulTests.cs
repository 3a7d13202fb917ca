using Gptq.Numerics.Packed;
using Gptq.Numerics.Packed.Kernels;

namespace Gptq.Numerics.Tests.Packed;

public sealed unsafe class PackedMatMulTests
{
    private const int OutFeatures = 21;

    /// <summary>Every width, group size, kind of zero point and order of columns.</summary>
    public static TheoryData<PackedFormat, int, int, bool, bool> Matrices
    {
        get
        {
            var data = new TheoryData<PackedFormat, int, int, bool, bool>();
            foreach (var format in Enum.GetValues<PackedFormat>())
            {
                foreach (var (columns, group) in new[]
                    { (512, 16), (520, 16), (512, 32), (512, 64), (640, 128), (600, 128), (1024, 256), (2048, 1024), (700, 700), (300, 40), (48, 12) })
                {
                    foreach (var (symmetric, shuffled) in new[] { (true, false), (false, false), (false, true) })
                    {
                        data.Add(format, columns, group, symmetric, shuffled);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    public void StaysWithinItsPrecision(PackedFormat format, int inFeatures, int groupSize, bool symmetric, bool shuffled)
    {
        var sample = new PackedSample(format, OutFeatures, inFeatures, groupSize, symmetric, shuffled);
        foreach (var rows in new[] { 1, 6, 9 })
        {
            var x = sample.Activations(rows);
            var expected = sample.Multiply(x, rows);

            Assert.InRange(RelativeError(Run(sample, x, rows, ActivationPrecision.Exact, TileKernel.Best), expected), 0, 1e-6);
            Assert.InRange(RelativeError(Run(sample, x, rows, ActivationPrecision.Bits16, TileKernel.Best), expected), 0, 1e-4);
            Assert.InRange(RelativeError(Run(sample, x, rows, ActivationPrecision.Bits8, TileKernel.Best), expected), 0, 1e-2);

            x = sample.Activations(rows, outlier: 8);
            expected = sample.Multiply(x, rows);

            Assert.InRange(RelativeError(Run(sample, x, rows, ActivationPrecision.Exact, TileKernel.Best), expected), 0, 1e-6);
            Assert.InRange(RelativeError(Run(sample, x, rows, ActivationPrecision.Bits16, TileKernel.Best), expected), 0, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    public void GivesTheSameBitsFromEveryKernel(PackedFormat format, int inFeatures, int groupSize, bool symmetric, bool shuffled)
    {
        var sample = new PackedSample(format, OutFeatures, inFeatures, groupSize, symmetric, shuffled);
        // Four rows together and one alone; as many as make panels worth while.
        foreach (var rows in new[] { 5, 11 })
        {
            var x = sample.Activations(rows);
            foreach (var precision in Enum.GetValues<ActivationPrecision>())
            {
                var expected = Run(sample, x, rows, precision, new ScalarKernel());
                foreach (var kernel in TileKernel.All().SkipLast(1))
                {
                    Assert.Equal(expected, Run(sample, x, rows, precision, kernel));
                }
            }
        }
    }

    public static TheoryData<PackedFormat, ActivationPrecision> FormatsAndPrecisions =>
        [.. from format in Enum.GetValues<PackedFormat>() from precision in Enum.GetValues<ActivationPrecision>() select (format, precision)];

    [Theory]
    [MemberData(nameof(FormatsAndPrecisions))]
    public void GivesARowTheSameBitsAloneAndAmongMany(PackedFormat format, ActivationPrecision precision)
    {
        const int Rows = 70;
        var sample = new PackedSample(format, OutFeatures, 256, 64, symmetric: false, shuffled: false);
        var x = sample.Activations(Rows);

        var together = Run(sample, x, Rows, precision, TileKernel.Best);

        for (var row = 0; row < Rows; row++)
        {
            var alone = Run(sample, x[(row * 256)..((row + 1) * 256)], 1, precision, TileKernel.Best);
            Assert.Equal(alone, together[(row * OutFeatures)..((row + 1) * OutFeatures)]);
        }
    }

    [Theory]
    [InlineData(PackedFormat.Bits3)]
    [InlineData(PackedFormat.Bits4)]
    [InlineData(PackedFormat.Bits8)]
    public void NeverOverflows(PackedFormat format)
    {
        var levels = 1 << (int)format;
        var codes = Enumerable.Repeat((byte)(levels - 1), 16 * 1024).ToArray();
        var packed = WeightPacker.Pack(format, 16, 1024, 1024, codes, Filled(16, 1), Filled(16, 0));
        var x = Filled(9 * 1024, -3);
        fixed (byte* data = packed.Codes, zeros = packed.Zeros)
        fixed (Half* scales = packed.Scales)
        {
            var weights = new PackedWeights(packed.Layout, 1024, data, scales, zeros, null);
            foreach (var (precision, rows) in Enum.GetValues<ActivationPrecision>().SelectMany(precision => new[] { (precision, 1), (precision, 9) }))
            {
                var y = new float[rows * 16];
                Run(weights, x, rows, precision, TileKernel.Best, y);
                Assert.All(y, value => Assert.Equal(-3072f * (levels - 1), value, 1e-5f * 3072 * levels));
            }
        }
    }

    [Fact]
    public void AddsTheBias()
    {
        var sample = new PackedSample(PackedFormat.Bits4, OutFeatures, 64, 32, symmetric: true, shuffled: false);
        var bias = Enumerable.Range(0, OutFeatures).Select(i => i - 7f).ToArray();
        var x = sample.Activations(2);
        var without = Run(sample, x, 2, ActivationPrecision.Exact, TileKernel.Best);

        var with = Run(sample, x, 2, ActivationPrecision.Exact, TileKernel.Best, bias);

        Assert.Equal(without.Select((value, i) => value + bias[i % OutFeatures]), with);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void PassesOnWhatIsNoNumber(float poison)
    {
        var sample = new PackedSample(PackedFormat.Bits4, 16, 64, 32, symmetric: true, shuffled: false);
        var x = sample.Activations(1);
        x[40] = poison;

        foreach (var precision in Enum.GetValues<ActivationPrecision>())
        {
            Assert.All(Run(sample, x, 1, precision, TileKernel.Best), value => Assert.False(float.IsFinite(value)));
        }
    }

    [Fact]
    public void ZeroActivationsGiveZero()
    {
        var sample = new PackedSample(PackedFormat.Bits2, 16, 64, 16, symmetric: false, shuffled: false);
        foreach (var precision in Enum.GetValues<ActivationPrecision>())
        {
            Assert.All(Run(sample, new float[64], 1, precision, TileKernel.Best), value => Assert.Equal(0, value));
        }
    }

    private static float[] Filled(int count, float value) => [.. Enumerable.Repeat(value, count)];

    private static float[] Run(PackedSample sample, float[] x, int rows, ActivationPrecision precision, TileKernel kernel, float[]? bias = null) =>
        sample.With(weights =>
        {
            var y = new float[rows * sample.OutFeatures];
            Run(weights, x, rows, precision, kernel, y, bias);
            return y;
        });

    private static void Run(
        PackedWeights weights, float[] x, int rows, ActivationPrecision precision, TileKernel kernel, float[] y, float[]? bias = null)
    {
        var product = new PackedMatMul(weights, precision, kernel);
        var scratch = new byte[product.ScratchBytes(rows)];
        fixed (float* source = x, destination = y, added = bias)
        fixed (byte* memory = scratch)
        {
            for (var piece = PackedMatMul.PreparePieces(rows) - 1; piece >= 0; piece--)
            {
                product.Prepare(piece, source, rows, memory);
            }

            for (var piece = product.Pieces - 1; piece >= 0; piece--)
            {
                product.Run(piece, rows, memory, added, destination);
            }
        }
    }

    private static double RelativeError(float[] actual, double[] expected)
    {
        var error = actual.Zip(expected, (a, e) => (a - e) * (a - e)).Sum();
        return Math.Sqrt(error / expected.Sum(e => e * e));
    }
}
