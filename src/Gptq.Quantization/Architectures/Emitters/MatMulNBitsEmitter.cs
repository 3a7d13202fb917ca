using Gptq.Onnx;
using Gptq.Quantization.Packing;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Linears become ONNX Runtime's com.microsoft MatMulNBits.</summary>
/// <param name="quantized">Gives a linear's codes; called once for each, when its weights are written.</param>
/// <param name="accuracyLevel">What activations may be rounded to: 0 nothing (float32), 4 int8, which is faster.</param>
public sealed class MatMulNBitsEmitter(Func<LinearModule, QuantizedLinear> quantized, int accuracyLevel = 0) : ILinearEmitter
{
    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var packing = new MatMulNBitsPacking(quantized(linear));
        var bits = (int)packing.Bits;
        int rows = linear.OutFeatures, blocks = packing.BlockCount, blockBytes = packing.CodeBytesPerRow / blocks;
        var codes = graph.External(
            linear.Name + ".codes", ElementType.UInt8, [rows, blocks, blockBytes], (long)rows * packing.CodeBytesPerRow,
            stream => WriteRows(stream, rows, packing.CodeBytesPerRow, packing.PackCodes));
        var scales = graph.External(
            linear.Name + ".scales", ElementType.Float, [rows, blocks], 4L * rows * blocks,
            stream => WriteScales(stream, rows, packing));
        var zeros = graph.External(
            linear.Name + ".zeros", ElementType.UInt8, [rows, packing.ZeroBytesPerRow], (long)rows * packing.ZeroBytesPerRow,
            stream => WriteRows(stream, rows, packing.ZeroBytesPerRow, packing.PackZeros));
        string[] inputs = bias is null ? [input, codes, scales, zeros] : [input, codes, scales, zeros, "", bias];
        return graph.Node(
            Domains.Microsoft, "MatMulNBits", inputs,
            Attributes.Int("K", linear.InFeatures), Attributes.Int("N", rows), Attributes.Int("bits", bits),
            Attributes.Int("block_size", packing.BlockSize), Attributes.Int("accuracy_level", accuracyLevel));
    }

    private delegate void PackRow(int row, Span<byte> destination);

    private static void WriteRows(Stream stream, int rows, int bytes, PackRow pack)
    {
        var buffer = new byte[bytes];
        for (var row = 0; row < rows; row++)
        {
            pack(row, buffer);
            stream.Write(buffer);
        }
    }

    private static void WriteScales(Stream stream, int rows, MatMulNBitsPacking packing)
    {
        var buffer = new float[packing.BlockCount];
        for (var row = 0; row < rows; row++)
        {
            packing.CopyScales(row, buffer);
            stream.WriteFloats(buffer);
        }
    }
}
