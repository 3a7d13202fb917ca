namespace Gptq.Numerics.Packed;

/// <summary>The bits of one code in a block: the scalar definition of the layout that every kernel agrees with.</summary>
/// <remarks>
/// Column 4j + b of a row stands in byte b of the row's 32-bit words. 8 bits: vector j. 4 bits: vector j / 2, low nibble first. 2 bits
/// and ternary: vector j / 4, low bits first. 3 bits: vector v holds j = 2v in bits 0-2 and j = 2v + 1 in bits 3-5; bits 6-7 of vector 0
/// and of vector 1 are the low two bits of j = 6 and j = 7, whose high bits are bits 6 and 7 of vector 2.
/// </remarks>
internal static class CodeBits
{
    /// <summary>Writes a code into a zeroed block.</summary>
    public static void Write(PackedFormat format, Span<byte> block, int row, int column, int code)
    {
        var j = column / 4;
        var cell = (4 * row) + (column % 4);
        switch (format)
        {
            case PackedFormat.Bits8:
                Set(block, j, cell, code, 0);
                break;
            case PackedFormat.Bits4:
                Set(block, j / 2, cell, code, 4 * (j % 2));
                break;
            case PackedFormat.Bits3 when j < 6:
                Set(block, j / 2, cell, code, 3 * (j % 2));
                break;
            case PackedFormat.Bits3:
                Set(block, j - 6, cell, code & 3, 6);
                Set(block, 2, cell, code >> 2, j);
                break;
            case PackedFormat.Bits2:
                Set(block, j / 4, cell, code, 2 * (j % 4));
                break;
            default:
                Set(block, j / 4, cell, TernaryBits(code), 2 * (j % 4));
                break;
        }
    }

    /// <summary>Reads a code as <see cref="WeightPacker"/> was given it.</summary>
    public static int Read(PackedFormat format, ReadOnlySpan<byte> block, int row, int column)
    {
        var j = column / 4;
        var cell = (4 * row) + (column % 4);
        return format switch
        {
            PackedFormat.Bits8 => Get(block, j, cell, 0, 0xFF),
            PackedFormat.Bits4 => Get(block, j / 2, cell, 4 * (j % 2), 15),
            PackedFormat.Bits3 when j < 6 => Get(block, j / 2, cell, 3 * (j % 2), 7),
            PackedFormat.Bits3 => Get(block, j - 6, cell, 6, 3) | (Get(block, 2, cell, j, 1) << 2),
            PackedFormat.Bits2 => Get(block, j / 4, cell, 2 * (j % 4), 3),
            _ => TernaryCode(Get(block, j / 4, cell, 2 * (j % 4), 3)),
        };
    }

    /// <summary>Bit 1 says positive, bit 0 negative, neither zero: so that each level is one plane of bits.</summary>
    private static int TernaryBits(int code) => code switch { 2 => 2, 0 => 1, _ => 0 };

    private static int TernaryCode(int bits) => bits switch { 2 => 2, 1 => 0, _ => 1 };

    private static void Set(Span<byte> block, int vector, int cell, int bits, int shift) =>
        block[(vector * PackedLayout.VectorBytes) + cell] |= (byte)(bits << shift);

    private static int Get(ReadOnlySpan<byte> block, int vector, int cell, int shift, int mask) =>
        (block[(vector * PackedLayout.VectorBytes) + cell] >> shift) & mask;
}
