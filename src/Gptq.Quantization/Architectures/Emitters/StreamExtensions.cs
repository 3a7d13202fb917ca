using System.Runtime.InteropServices;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Writes numbers as ONNX stores them: little-endian, as they are in memory here.</summary>
internal static class StreamExtensions
{
    // Spans count bytes in 32 bits, so long runs are written in pieces.
    private const int Piece = 1 << 20;

    /// <summary>As float16; what is too large for it becomes its largest number.</summary>
    public static void WriteHalves(this Stream stream, ReadOnlySpan<float> values)
    {
        var halves = new Half[Math.Min(Piece, values.Length)];
        for (var start = 0; start < values.Length; start += Piece)
        {
            var piece = values.Slice(start, Math.Min(Piece, values.Length - start));
            for (var i = 0; i < piece.Length; i++) halves[i] = Half.Clamp((Half)piece[i], Half.MinValue, Half.MaxValue);
            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, piece.Length)));
        }
    }

    public static void WriteFloats(this Stream stream, ReadOnlySpan<float> values)
    {
        for (var start = 0; start < values.Length; start += Piece)
            stream.Write(MemoryMarshal.AsBytes(values.Slice(start, Math.Min(Piece, values.Length - start))));
    }
}
