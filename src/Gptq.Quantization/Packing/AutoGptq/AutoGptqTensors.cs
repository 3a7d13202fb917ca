using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>A quantized linear as AutoGPTQ's layout stores it. K: in features, N: out features, G: groups.</summary>
/// <param name="QWeight">[K · bits / 32, N]: the codes of an output down a column, low bits first.</param>
/// <param name="QZeros">[G, N · bits / 32]: the zero points of a group along a row, low bits first; V1 stores zero − 1.</param>
/// <param name="Scales">[G, N].</param>
/// <param name="GroupIndex">[K]: the group of each input.</param>
internal sealed record AutoGptqTensors(int[] QWeight, int[] QZeros, Half[] Scales, int[] GroupIndex)
{
    /// <summary>Why the layout cannot hold a linear exactly, or null when it can.</summary>
    public static string? WhyNot(QuantizedLinear linear, AutoGptqVersion version)
    {
        if (WhyNot(linear.Bits, linear.OutFeatures, linear.InFeatures) is { } why)
        {
            return why;
        }

        var least = LeastZero(version);
        var most = (1 << (int)linear.Bits) - 1;
        return linear.Zeros.Any(zero => zero != MathF.Round(zero) || zero < least || zero > most)
                ? $"its zero points are whole numbers from {least} to {most}" + (least == 1 ? "; gptq_v2 has 0 as well" : "")
            : linear.Scales.Any(scale => (float)(Half)scale != scale) ? "its scales are float16, and these are not rounded to it"
            : null;
    }

    /// <summary>Why the layout has no place for linears of such bits and extents, or null when it has.</summary>
    public static string? WhyNot(BitWidth bits, int outFeatures, int inFeatures)
    {
        if (bits == BitWidth.Ternary)
        {
            return "it has no ternary codes";
        }

        var multiple = CodeWords.Multiple((int)bits);
        return inFeatures % multiple != 0 || outFeatures % multiple != 0
            ? $"at {(int)bits} bits its extents are multiples of {multiple}, and these are {outFeatures} x {inFeatures}"
            : null;
    }

    /// <summary>The smallest zero point that a form can store.</summary>
    public static int LeastZero(AutoGptqVersion version) => version == AutoGptqVersion.V1 ? 1 : 0;

    /// <summary>Packs a linear.</summary>
    /// <param name="linear">One that the layout can hold (<see cref="WhyNot(QuantizedLinear, AutoGptqVersion)"/>).</param>
    /// <param name="version">How zero points are stored.</param>
    public static AutoGptqTensors Pack(QuantizedLinear linear, AutoGptqVersion version)
    {
        var bits = (int)linear.Bits;
        var (rows, groups) = (linear.OutFeatures, linear.Groups);
        var offset = version == AutoGptqVersion.V1 ? 1 : 0;
        var zeros = new byte[rows * groups];
        var scales = new Half[rows * groups];
        for (var row = 0; row < rows; row++)
        {
            for (var group = 0; group < groups; group++)
            {
                var at = (row * groups) + group;
                zeros[(group * rows) + row] = (byte)(linear.Zeros[at] - offset);
                scales[(group * rows) + row] = (Half)linear.Scales[at];
            }
        }

        // A group's zero points lie along a row: each group is packed as one column, and a column of words is a row of words.
        var qzeros = new int[(long)groups * rows * bits / 32];
        for (var group = 0; group < groups; group++)
        {
            CodeWords.PackTransposed(zeros.AsSpan(group * rows, rows), rows, bits).CopyTo(qzeros, group * (rows * bits / 32));
        }

        var index = Enumerable.Range(0, linear.InFeatures).Select(linear.GroupOf).ToArray();
        return new AutoGptqTensors(CodeWords.PackTransposed(linear.Codes, linear.InFeatures, bits), qzeros, scales, index);
    }

    /// <summary>Unpacks a linear, codes untouched.</summary>
    /// <param name="qweight">[K · bits / 32, N].</param>
    /// <param name="qzeros">[G, N · bits / 32].</param>
    /// <param name="scales">[G, N].</param>
    /// <param name="groupIndex">[K], each below G, or null when the groups are in order.</param>
    /// <param name="bits">Levels.</param>
    /// <param name="inFeatures">K.</param>
    /// <param name="groupSize">Columns of a group, K for whole rows.</param>
    /// <param name="version">How zero points are stored.</param>
    public static QuantizedLinear Unpack(
        int[] qweight, int[] qzeros, float[] scales, int[]? groupIndex, BitWidth bits, int inFeatures, int groupSize, AutoGptqVersion version)
    {
        var width = (int)bits;
        var groups = (inFeatures + groupSize - 1) / groupSize;
        var rows = scales.Length / groups;
        var words = rows * width / 32;
        var offset = version == AutoGptqVersion.V1 ? 1 : 0;
        var zerosByRow = new float[rows * groups];
        var scalesByRow = new float[rows * groups];
        for (var group = 0; group < groups; group++)
        {
            var zeros = CodeWords.UnpackTransposed(qzeros.AsSpan(group * words, words), rows, width);
            for (var row = 0; row < rows; row++)
            {
                // V1 writers store zero point 0 as all ones. A grid holds 0, so none is 2^bits.
                zerosByRow[(row * groups) + group] = (zeros[row] + offset) & ((1 << width) - 1);
                scalesByRow[(row * groups) + group] = scales[(group * rows) + row];
            }
        }

        var inOrder = groupIndex is null || groupIndex.Select((group, column) => group == column / groupSize).All(same => same);
        return new QuantizedLinear(
            rows, inFeatures, bits, groupSize, CodeWords.UnpackTransposed(qweight, inFeatures, width), scalesByRow, zerosByRow, inOrder ? null : groupIndex);
    }
}
