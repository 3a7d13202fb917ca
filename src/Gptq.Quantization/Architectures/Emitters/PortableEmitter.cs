using Gptq.Onnx;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>
/// Linears become standard ONNX: DequantizeLinear and MatMul, which every runtime has. Codes of up to 4 bits are stored as uint4, of 8 bits
/// as uint8, [in, out]: the form that ONNX Runtime fuses to a product with packed weights.
/// </summary>
/// <param name="quantized">Gives a linear's codes; called once for each.</param>
public sealed class PortableEmitter(Func<LinearModule, QuantizedLinear> quantized) : ILinearEmitter
{
    /// <summary>Whether standard operators can hold such codes: an affine grid, and groups in the order of columns.</summary>
    public static bool Supports(BitWidth bits) => bits != BitWidth.Ternary;

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var codes = quantized(linear);
        if (!Supports(codes.Bits) || codes.GroupIndex is not null)
            throw new InvalidOperationException($"{linear.Name} has no form in standard operators.");
        var type = codes.Bits == BitWidth.Eight ? ElementType.UInt8 : ElementType.UInt4;
        int rows = linear.OutFeatures, columns = linear.InFeatures;
        var perRow = codes.Groups == 1;
        long[] shape = perRow ? [rows] : [codes.Groups, rows];
        var weight = graph.External(linear.Name + ".codes", type, [columns, rows], Bytes(type, (long)columns * rows), stream => WriteCodes(stream, codes, type));
        var scales = graph.External(linear.Name + ".scales", ElementType.Float, shape, 4L * codes.Scales.Length, stream => stream.WriteFloats(Transposed(codes, codes.Scales)));
        var zeros = graph.External(linear.Name + ".zeros", type, shape, Bytes(type, codes.Zeros.Length), stream => WriteZeros(stream, codes, type));
        var real = perRow
            ? graph.Node("DequantizeLinear", [weight, scales, zeros], Attributes.Int("axis", 1))
            : graph.Node("DequantizeLinear", [weight, scales, zeros], Attributes.Int("axis", 0), Attributes.Int("block_size", codes.GroupSize));
        var product = graph.MatMul(input, real);
        return bias is null ? product : graph.Add(product, bias);
    }

    private static long Bytes(ElementType type, long count) => type == ElementType.UInt4 ? (count + 1) / 2 : count;

    // uint4 tensors are packed over their whole length, not row by row.
    private static void WriteCodes(Stream stream, QuantizedLinear codes, ElementType type)
    {
        var writer = new CodeWriter(stream, type);
        for (var column = 0; column < codes.InFeatures; column++)
        {
            for (var row = 0; row < codes.OutFeatures; row++) writer.Add(codes.Codes[(row * codes.InFeatures) + column]);
        }
        writer.Finish();
    }

    private static void WriteZeros(Stream stream, QuantizedLinear codes, ElementType type)
    {
        var writer = new CodeWriter(stream, type);
        foreach (var zero in Transposed(codes, codes.Zeros)) writer.Add((byte)zero);
        writer.Finish();
    }

    // [out, groups] to [groups, out].
    private static float[] Transposed(QuantizedLinear codes, float[] values)
    {
        var result = new float[values.Length];
        for (var row = 0; row < codes.OutFeatures; row++)
        {
            for (var group = 0; group < codes.Groups; group++) result[(group * codes.OutFeatures) + row] = values[(row * codes.Groups) + group];
        }
        return result;
    }

    private sealed class CodeWriter(Stream stream, ElementType type)
    {
        private readonly byte[] _buffer = new byte[1 << 16];
        private int _used;
        private int _low = -1;

        public void Add(byte code)
        {
            if (type == ElementType.UInt8) Put(code);
            else if (_low < 0) _low = code;
            else
            {
                Put((byte)(_low | (code << 4)));
                _low = -1;
            }
        }

        public void Finish()
        {
            if (_low >= 0) Put((byte)_low);
            stream.Write(_buffer, 0, _used);
        }

        private void Put(byte value)
        {
            if (_used == _buffer.Length)
            {
                stream.Write(_buffer);
                _used = 0;
            }
            _buffer[_used++] = value;
        }
    }
}
