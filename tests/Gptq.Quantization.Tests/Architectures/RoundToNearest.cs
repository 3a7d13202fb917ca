using Gptq.Quantization.Architectures;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>The plainest quantization, to test graphs with.</summary>
internal static class RoundToNearest
{
    /// <summary>8 bits, asymmetric, in groups of 32.</summary>
    public static QuantizedLinear EightBits(Architecture architecture, LinearModule linear)
    {
        const int Group = 32;
        var weight = new float[linear.OutFeatures * linear.InFeatures];
        architecture.ReadWeight(linear, weight);
        var groups = (linear.InFeatures + Group - 1) / Group;
        var codes = new byte[weight.Length];
        float[] scales = new float[linear.OutFeatures * groups], zeros = new float[scales.Length];
        for (var index = 0; index < scales.Length; index++)
        {
            var (row, group) = (index / groups, index % groups);
            var start = (row * linear.InFeatures) + (group * Group);
            var values = weight.AsSpan(start, Math.Min(Group, linear.InFeatures - (group * Group)));
            float least = 0, greatest = 1e-6f;
            foreach (var value in values)
                (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
            scales[index] = (greatest - least) / 255;
            zeros[index] = MathF.Round(-least / scales[index]);
            for (var column = 0; column < values.Length; column++)
                codes[start + column] = (byte)Math.Clamp(MathF.Round(values[column] / scales[index]) + zeros[index], 0, 255);
        }

        return new QuantizedLinear(linear.OutFeatures, linear.InFeatures, BitWidth.Eight, Group, codes, scales, zeros);
    }
}
