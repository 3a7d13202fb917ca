using Gptq.Onnx;
using Gptq.Quantization.Packing;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>The constants of a MatMulNBits node: codes, scales and zero points of one linear or table.</summary>
internal sealed record MatMulNBitsTensors(MatMulNBitsPacking Packing, string Codes, string Scales, string Zeros)
{
    private delegate void PackRow(int row, Span<byte> destination);

    public static MatMulNBitsTensors Add(GraphBuilder graph, string name, QuantizedLinear linear, ElementType scaleType = ElementType.Float)
    {
        var packing = new MatMulNBitsPacking(linear);
        int rows = linear.OutFeatures, blocks = packing.BlockCount;
        var codes = graph.External(
            name + ".codes", ElementType.UInt8, [rows, blocks, packing.CodeBytesPerRow / blocks], (long)rows * packing.CodeBytesPerRow,
            stream => WriteRows(stream, rows, packing.CodeBytesPerRow, packing.PackCodes));
        var scales = graph.External(
            name + ".scales", scaleType, [rows, blocks], (scaleType == ElementType.Float16 ? 2L : 4L) * rows * blocks, stream => WriteScales(stream, rows, packing, scaleType));
        var zeros = graph.External(
            name + ".zeros", ElementType.UInt8, [rows, packing.ZeroBytesPerRow], (long)rows * packing.ZeroBytesPerRow,
            stream => WriteRows(stream, rows, packing.ZeroBytesPerRow, packing.PackZeros));
        return new MatMulNBitsTensors(packing, codes, scales, zeros);
    }

    private static void WriteRows(Stream stream, int rows, int bytes, PackRow pack)
    {
        var buffer = new byte[bytes];
        for (var row = 0; row < rows; row++)
        {
            pack(row, buffer);
            stream.Write(buffer);
        }
    }

    private static void WriteScales(Stream stream, int rows, MatMulNBitsPacking packing, ElementType type)
    {
        var buffer = new float[packing.BlockCount];
        for (var row = 0; row < rows; row++)
        {
            packing.CopyScales(row, buffer);
            if (type == ElementType.Float16) stream.WriteHalves(buffer);
            else stream.WriteFloats(buffer);
        }
    }
}
