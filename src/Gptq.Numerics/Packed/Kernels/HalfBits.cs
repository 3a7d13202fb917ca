namespace Gptq.Numerics.Packed.Kernels;

/// <summary>Constants for reading float16 and nibbles without instructions that .NET does not expose.</summary>
internal static class HalfBits
{
    /// <summary>2^112: a float16's exponent and mantissa, moved to where a float32 has them, stand for the number times 2^−112.</summary>
    public const float Rescale = 5.192296858534828e+33f;

    /// <summary>The low nibble of each of eight bytes.</summary>
    public const ulong LowNibbles = 0x0F0F0F0F0F0F0F0F;
}
