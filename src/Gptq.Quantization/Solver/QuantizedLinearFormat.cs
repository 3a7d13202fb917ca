using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gptq.Quantization.Solver;

/// <summary>How a <see cref="QuantizedLinear"/> waits on disk between its solving and its writing: codes packed to their bits, everything exact.</summary>
/// <remarks>Little-endian: out, in, bits, group size, flags as int32; codes row after row, low bits first, each row padded to a byte; scales; zeros; g_idx when flag 1 is set.</remarks>
public static class QuantizedLinearFormat
{
    private const int HeaderBytes = 5 * sizeof(int);

    /// <summary>Writes a layer.</summary>
    public static void Write(Stream stream, QuantizedLinear linear)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(linear);
        Span<byte> header = stackalloc byte[HeaderBytes];
        ReadOnlySpan<int> fields = [linear.OutFeatures, linear.InFeatures, (int)linear.Bits, linear.GroupSize, linear.GroupIndex is null ? 0 : 1];
        for (var i = 0; i < fields.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(header[(i * sizeof(int))..], fields[i]);
        stream.Write(header);

        var bits = BitsPerCode(linear.Bits);
        var row = new byte[RowBytes(linear.InFeatures, bits)];
        for (var r = 0; r < linear.OutFeatures; r++)
        {
            PackRow(linear.Codes.AsSpan(r * linear.InFeatures, linear.InFeatures), bits, row);
            stream.Write(row);
        }
        stream.Write(MemoryMarshal.AsBytes<float>(linear.Scales));
        stream.Write(MemoryMarshal.AsBytes<float>(linear.Zeros));
        if (linear.GroupIndex is not null) stream.Write(MemoryMarshal.AsBytes<int>(linear.GroupIndex));
    }

    /// <summary>Reads a layer that <see cref="Write"/> wrote.</summary>
    /// <exception cref="EndOfStreamException">The data is cut short.</exception>
    /// <exception cref="InvalidDataException">The data is no layer.</exception>
    public static QuantizedLinear Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> header = stackalloc byte[HeaderBytes];
        stream.ReadExactly(header);
        var fields = new int[5];
        for (var i = 0; i < fields.Length; i++) fields[i] = BinaryPrimitives.ReadInt32LittleEndian(header[(i * sizeof(int))..]);
        var (outFeatures, inFeatures, bitWidth, groupSize) = (fields[0], fields[1], (BitWidth)fields[2], fields[3]);
        if (outFeatures <= 0 || inFeatures <= 0 || groupSize <= 0 || !Enum.IsDefined(bitWidth) || (long)outFeatures * inFeatures > Array.MaxLength)
            throw new InvalidDataException("Not a quantized layer.");

        var bits = BitsPerCode(bitWidth);
        var row = new byte[RowBytes(inFeatures, bits)];
        var codes = new byte[outFeatures * inFeatures];
        for (var r = 0; r < outFeatures; r++)
        {
            stream.ReadExactly(row);
            UnpackRow(row, bits, codes.AsSpan(r * inFeatures, inFeatures));
        }
        var groups = (inFeatures + groupSize - 1) / groupSize;
        var scales = new float[outFeatures * groups];
        var zeros = new float[outFeatures * groups];
        stream.ReadExactly(MemoryMarshal.AsBytes(scales.AsSpan()));
        stream.ReadExactly(MemoryMarshal.AsBytes(zeros.AsSpan()));
        int[]? groupIndex = null;
        if (fields[4] == 1)
        {
            groupIndex = new int[inFeatures];
            stream.ReadExactly(MemoryMarshal.AsBytes(groupIndex.AsSpan()));
        }
        return new QuantizedLinear(outFeatures, inFeatures, bitWidth, groupSize, codes, scales, zeros, groupIndex);
    }

    private static int BitsPerCode(BitWidth bits) => bits == BitWidth.Ternary ? 2 : (int)bits;

    private static int RowBytes(int codes, int bits) => (int)((((long)codes * bits) + 7) / 8);

    private static void PackRow(ReadOnlySpan<byte> codes, int bits, Span<byte> packed)
    {
        uint pending = 0;
        var count = 0;
        var at = 0;
        foreach (var code in codes)
        {
            pending |= (uint)code << count;
            for (count += bits; count >= 8; count -= 8, pending >>= 8) packed[at++] = (byte)pending;
        }
        if (count > 0) packed[at] = (byte)pending;
    }

    private static void UnpackRow(ReadOnlySpan<byte> packed, int bits, Span<byte> codes)
    {
        uint pending = 0;
        var count = 0;
        var at = 0;
        var mask = (1u << bits) - 1;
        for (var i = 0; i < codes.Length; i++)
        {
            for (; count < bits; count += 8) pending |= (uint)packed[at++] << count;
            codes[i] = (byte)(pending & mask);
            pending >>= bits;
            count -= bits;
        }
    }
}
