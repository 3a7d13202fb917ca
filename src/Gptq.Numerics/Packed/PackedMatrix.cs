namespace Gptq.Numerics.Packed;

/// <summary>A packed matrix as arrays: what <see cref="WeightPacker"/> makes and a file writer writes.</summary>
/// <param name="Layout">The extents.</param>
/// <param name="InFeatures">Columns of the weight as the caller sees it, without padding.</param>
/// <param name="Codes"><see cref="PackedLayout.CodeBytes"/> bytes.</param>
/// <param name="Scales"><see cref="PackedLayout.ScaleCount"/> numbers.</param>
/// <param name="Zeros"><see cref="PackedLayout.ZeroBytes"/> bytes, or null when every zero point is <see cref="PackedLayout.DefaultZero"/>.</param>
/// <param name="Columns">The caller's column of each stored one, −1 for padding; null when they are the same.</param>
public sealed record PackedMatrix(PackedLayout Layout, int InFeatures, byte[] Codes, Half[] Scales, byte[]? Zeros, int[]? Columns)
{
    /// <summary>Bits of a weight in the file, everything counted.</summary>
    public double BitsPerWeight =>
        8.0 * (Codes.LongLength + (2 * Scales.LongLength) + (Zeros?.LongLength ?? 0) + (4L * (Columns?.Length ?? 0)))
        / ((double)Layout.OutFeatures * InFeatures);
}
