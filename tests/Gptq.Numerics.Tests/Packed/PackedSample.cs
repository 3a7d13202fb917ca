using Gptq.Numerics.Packed;

namespace Gptq.Numerics.Tests.Packed;

/// <summary>A packed matrix with random codes, and the weights it stands for, taken from the unpacked form.</summary>
internal sealed unsafe class PackedSample
{
    public PackedSample(PackedFormat format, int outFeatures, int inFeatures, int groupSize, bool symmetric, bool shuffled, int seed = 1)
    {
        var random = new Random(seed);
        OutFeatures = outFeatures;
        InFeatures = inFeatures;
        var groups = (inFeatures + groupSize - 1) / groupSize;
        var levels = format == PackedFormat.Ternary ? 3 : 1 << (int)format;
        Codes = new byte[outFeatures * inFeatures];
        for (var i = 0; i < Codes.Length; i++)
        {
            Codes[i] = (byte)random.Next(levels);
        }

        Scales = new float[outFeatures * groups];
        Zeros = new float[outFeatures * groups];
        for (var i = 0; i < Scales.Length; i++)
        {
            Scales[i] = (float)(Half)(0.001 + (0.02 * random.NextDouble()));
            Zeros[i] = format == PackedFormat.Ternary ? -(float)(Half)(0.001 + (0.02 * random.NextDouble()))
                : symmetric ? levels / 2
                : random.Next(levels);
        }

        if (shuffled)
        {
            GroupIndex = [.. Enumerable.Range(0, inFeatures).Select(column => column / groupSize)];
            random.Shuffle(GroupIndex);
        }

        Packed = WeightPacker.Pack(format, outFeatures, inFeatures, groupSize, Codes, Scales, Zeros, GroupIndex);
        Weights = new double[outFeatures * inFeatures];
        for (var i = 0; i < Weights.Length; i++)
        {
            var (row, column) = Math.DivRem(i, inFeatures);
            var group = (row * groups) + (GroupIndex?[column] ?? (column / groupSize));
            Weights[i] = format == PackedFormat.Ternary
                ? Codes[i] switch { 2 => Scales[group], 0 => Zeros[group], _ => 0 }
                : (double)Scales[group] * (Codes[i] - Zeros[group]);
        }
    }

    public int OutFeatures { get; }

    public int InFeatures { get; }

    public byte[] Codes { get; }

    public float[] Scales { get; }

    public float[] Zeros { get; }

    public int[]? GroupIndex { get; }

    public PackedMatrix Packed { get; }

    /// <summary>[out, in].</summary>
    public double[] Weights { get; }

    /// <summary>Numbers like activations: a normal distribution with a mean, and every 97th column so many times as large.</summary>
    public float[] Activations(int rows, float outlier = 1, int seed = 20261122)
    {
        var random = new Random(seed);
        var x = new float[rows * InFeatures];
        for (var i = 0; i < x.Length; i++)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            x[i] = (float)((normal + 0.1) * (i % InFeatures % 97 == 3 ? outlier : 1));
        }

        return x;
    }

    /// <summary>y = x Wᵀ in double precision.</summary>
    public double[] Multiply(float[] x, int rows)
    {
        var y = new double[rows * OutFeatures];
        for (var row = 0; row < rows; row++)
        {
            for (var output = 0; output < OutFeatures; output++)
            {
                var sum = 0.0;
                for (var column = 0; column < InFeatures; column++)
                {
                    sum += Weights[(output * InFeatures) + column] * x[(row * InFeatures) + column];
                }

                y[(row * OutFeatures) + output] = sum;
            }
        }

        return y;
    }

    /// <summary>Runs something on the packed matrix in memory.</summary>
    public T With<T>(Func<PackedWeights, T> use)
    {
        fixed (byte* codes = Packed.Codes)
        fixed (Half* scales = Packed.Scales)
        fixed (byte* zeros = Packed.Zeros)
        fixed (int* columns = Packed.Columns)
        {
            return use(new PackedWeights(Packed.Layout, InFeatures, codes, scales, zeros, columns));
        }
    }
}
