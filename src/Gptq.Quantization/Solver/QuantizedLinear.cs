namespace Gptq.Quantization.Solver;

/// <summary>
/// The result of quantizing one linear layer. The codes are the result: every writer packs these, and nothing is re-derived from
/// dequantized weights.
/// </summary>
/// <remarks>
/// The weight of output row r and input column c, with g = <see cref="GroupOf"/>(c), is
/// <c>Scales[r, g] · (Codes[r, c] − Zeros[r, g])</c>. Ternary instead stores two levels per group: code 2 is <c>Scales[r, g]</c> (the
/// positive level), code 1 is 0, code 0 is <c>Zeros[r, g]</c> (the negative level).
/// </remarks>
public sealed class QuantizedLinear
{
    /// <summary>Creates a result.</summary>
    /// <param name="outFeatures">Rows.</param>
    /// <param name="inFeatures">Columns.</param>
    /// <param name="bits">Levels of a code.</param>
    /// <param name="groupSize">Columns that share a scale; the last group may be short. A whole row: <paramref name="inFeatures"/>.</param>
    /// <param name="codes">[out, in], one code a byte, columns in the checkpoint's order.</param>
    /// <param name="scales">[out, groups].</param>
    /// <param name="zeros">[out, groups]; whole numbers within the code's range except for ternary.</param>
    /// <param name="groupIndex">[in], the group of each column (g_idx), or null when it is column / groupSize.</param>
    public QuantizedLinear(
        int outFeatures, int inFeatures, BitWidth bits, int groupSize, byte[] codes, float[] scales, float[] zeros, int[]? groupIndex = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outFeatures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inFeatures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groupSize);
        OutFeatures = outFeatures;
        InFeatures = inFeatures;
        Bits = bits;
        GroupSize = groupSize;
        Groups = (inFeatures + groupSize - 1) / groupSize;
        Codes = Sized(codes, (long)outFeatures * inFeatures, nameof(codes));
        Scales = Sized(scales, (long)outFeatures * Groups, nameof(scales));
        Zeros = Sized(zeros, (long)outFeatures * Groups, nameof(zeros));
        GroupIndex = groupIndex is null ? null : Sized(groupIndex, inFeatures, nameof(groupIndex));
    }

    /// <summary>Rows of the weight.</summary>
    public int OutFeatures { get; }

    /// <summary>Columns of the weight.</summary>
    public int InFeatures { get; }

    /// <summary>Levels of a code.</summary>
    public BitWidth Bits { get; }

    /// <summary>Columns that share a scale.</summary>
    public int GroupSize { get; }

    /// <summary>Groups of a row: ceil(in / group size).</summary>
    public int Groups { get; }

    /// <summary>[out, in], one code a byte, columns in the checkpoint's order.</summary>
    public byte[] Codes { get; }

    /// <summary>[out, groups].</summary>
    public float[] Scales { get; }

    /// <summary>[out, groups].</summary>
    public float[] Zeros { get; }

    /// <summary>[in], the group of each column (g_idx), or null when it is column / <see cref="GroupSize"/>.</summary>
    public int[]? GroupIndex { get; }

    /// <summary>The group of a column.</summary>
    public int GroupOf(int column) => GroupIndex is null ? column / GroupSize : GroupIndex[column];

    /// <summary>Writes the weights that the codes stand for.</summary>
    /// <param name="destination">[out, in].</param>
    public void Dequantize(Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, Codes.Length);
        for (var row = 0; row < OutFeatures; row++)
        {
            var codes = Codes.AsSpan(row * InFeatures, InFeatures);
            var values = destination.Slice(row * InFeatures, InFeatures);
            for (var column = 0; column < codes.Length; column++)
            {
                var group = (row * Groups) + GroupOf(column);
                values[column] = Bits == BitWidth.Ternary
                    ? codes[column] switch { 2 => Scales[group], 0 => Zeros[group], _ => 0 }
                    : Scales[group] * (codes[column] - Zeros[group]);
            }
        }
    }

    private static T[] Sized<T>(T[] values, long length, string name)
    {
        ArgumentNullException.ThrowIfNull(values, name);
        return values.LongLength == length
            ? values
            : throw new ArgumentException($"Expected {length} values, got {values.LongLength}.", name);
    }
}
