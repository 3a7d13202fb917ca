namespace Gptq.Numerics.Packed;

/// <summary>A packed matrix where it lies in memory, usually a mapped file. Owns nothing.</summary>
/// <remarks>
/// The weight of row r and stored column c with group g is <c>Scales[r, g] · (Codes[r, c] − Zeros[r, g])</c>; a ternary weight is its
/// group's positive level, zero or negative level.
/// </remarks>
public readonly unsafe struct PackedWeights
{
    /// <summary>Describes a matrix in memory.</summary>
    /// <param name="layout">The extents.</param>
    /// <param name="inFeatures">Columns of the weight as the caller sees it, without padding.</param>
    /// <param name="codes"><see cref="PackedLayout.CodeBytes"/> bytes.</param>
    /// <param name="scales"><see cref="PackedLayout.ScaleCount"/> finite float16 numbers.</param>
    /// <param name="zeros"><see cref="PackedLayout.ZeroBytes"/> bytes, or null for <see cref="PackedLayout.DefaultZero"/> throughout.</param>
    /// <param name="columns">The caller's column of each stored one, −1 for padding; null when they are the same.</param>
    public PackedWeights(PackedLayout layout, int inFeatures, byte* codes, Half* scales, byte* zeros, int* columns)
    {
        Layout = layout;
        InFeatures = inFeatures;
        Codes = codes;
        Scales = scales;
        Zeros = zeros;
        Columns = columns;
    }

    /// <summary>The extents.</summary>
    public PackedLayout Layout { get; }

    /// <summary>Columns of the weight as the caller sees it.</summary>
    public int InFeatures { get; }

    /// <summary>The codes.</summary>
    public byte* Codes { get; }

    /// <summary>The scales.</summary>
    public Half* Scales { get; }

    /// <summary>The zero points, or null.</summary>
    public byte* Zeros { get; }

    /// <summary>The caller's column of each stored one, or null.</summary>
    public int* Columns { get; }
}
