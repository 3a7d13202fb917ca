using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gptq.Numerics.Packed;

/// <summary>The bits of one code in a block: the scalar definition of the layout that every kernel agrees with.</summary>
/// <remarks>
/// Column 4j + b of a row stands in byte b of the row's 32-bit words. 8 bits: vector j. 4 bits: vector j / 2, low nibble first. 2 bits
/// and ternary: vector j / 4, low bits first. 3 bits: vector v holds j = 2v in bits 0-2 and j = 2v + 1 in bits 3-5; bits 6-7 of vector 0
/// and of vector 1 are the low two bits of j = 6 and j = 7, whose high bits are bits 6 and 7 of vector 2.
/// </remarks>
internal static class CodeBits
{
    private const uint EachByte = 0x01010101;
    private const uint LowPair = 3 * EachByte;
    private const uint ThirdBit = 4 * EachByte;

    /// <summary>Writes the 32 codes of a row into a block.</summary>
    public static void WriteRow(PackedFormat format, Span<byte> block, int row, ReadOnlySpan<byte> codes)
    {
        Span<uint> words = stackalloc uint[8];
        MemoryMarshal.Cast<byte, uint>(codes[..PackedLayout.BlockColumns]).CopyTo(words);
        switch (format)
        {
            case PackedFormat.Bits8:
                break;
            case PackedFormat.Bits4:
                for (var v = 0; v < 4; v++)
                {
                    words[v] = words[2 * v] | (words[(2 * v) + 1] << 4);
                }

                break;
            case PackedFormat.Bits3:
                var (six, seven) = (words[6], words[7]);
                for (var v = 0; v < 3; v++)
                {
                    words[v] = words[2 * v] | (words[(2 * v) + 1] << 3);
                }

                words[0] |= (six & LowPair) << 6;
                words[1] |= (seven & LowPair) << 6;
                words[2] |= ((six & ThirdBit) << 4) | ((seven & ThirdBit) << 5);
                break;
            default:
                for (var v = 0; v < 2; v++)
                {
                    var four = words.Slice(4 * v, 4);
                    words[v] = TwoBits(format, four[0]) | (TwoBits(format, four[1]) << 2) | (TwoBits(format, four[2]) << 4) | (TwoBits(format, four[3]) << 6);
                }

                break;
        }

        for (var start = 4 * row; start < block.Length; start += PackedLayout.VectorBytes)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(block[start..], words[start / PackedLayout.VectorBytes]);
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

    /// <summary>Two bits of each of four codes. Ternary: bit 1 says positive, bit 0 negative, neither zero: each level is one plane of bits.</summary>
    private static uint TwoBits(PackedFormat format, uint codes) =>
        format == PackedFormat.Bits2 ? codes : (codes & (EachByte << 1)) | (((codes | (codes >> 1)) & EachByte) ^ EachByte);

    private static int TernaryCode(int bits) => bits switch { 2 => 2, 1 => 0, _ => 1 };

    private static int Get(ReadOnlySpan<byte> block, int vector, int cell, int shift, int mask) =>
        (block[(vector * PackedLayout.VectorBytes) + cell] >> shift) & mask;
}
