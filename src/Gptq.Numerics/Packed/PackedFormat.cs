namespace Gptq.Numerics.Packed;

/// <summary>How many levels a packed weight has, and so how many bits its code takes.</summary>
public enum PackedFormat
{
    /// <summary>Three levels in two bits: a negative level, zero, and a positive level, both levels stored per group.</summary>
    Ternary = 0,

    /// <summary>4 levels.</summary>
    Bits2 = 2,

    /// <summary>8 levels.</summary>
    Bits3 = 3,

    /// <summary>16 levels.</summary>
    Bits4 = 4,

    /// <summary>256 levels.</summary>
    Bits8 = 8,
}
