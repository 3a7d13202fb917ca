using System.Runtime.InteropServices;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Writes numbers as ONNX stores them: little-endian, as they are in memory here.</summary>
internal static class StreamExtensions
{
    // Spans count bytes in 32 bits, so long runs are written in pieces.
    private const int Piece = 1 << 20;

    public static void WriteFloats(this Stream stream, ReadOnlySpan<float> values)
    {
        for (var start = 0; start < values.Length; start += Piece)
            stream.Write(MemoryMarshal.AsBytes(values.Slice(start, Math.Min(Piece, values.Length - start))));
    }
}
