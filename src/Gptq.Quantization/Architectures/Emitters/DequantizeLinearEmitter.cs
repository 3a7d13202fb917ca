using Gptq.Onnx;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>
/// Linears become standard ONNX, DequantizeLinear and MatMul, for any runtime: codes [in, out], 4 bits each up to 4-bit widths, else 8.
/// </summary>
/// <remarks>
/// ONNX Runtime fuses the pair into MatMulNBits when it loads the model, by default with activations rounded to int8 (its session option
/// session.qdq_matmulnbits_accuracy_level).
/// </remarks>
/// <param name="quantized">Gives a linear's codes; called once for each, when its weights are written.</param>
public sealed class DequantizeLinearEmitter(Func<LinearModule, QuantizedLinear> quantized) : ILinearEmitter
{
    // Input rows that are turned at once: their codes lie side by side in the solver's layout.
    private const int RowsAtOnce = 64;

    /// <summary>Whether the operator can hold such linears: not ternary, whose two levels have no common scale, and no g_idx.</summary>
    public static bool Supports(QuantizedLinear linear)
    {
        ArgumentNullException.ThrowIfNull(linear);
        return linear.Bits != BitWidth.Ternary && linear.GroupIndex is null;
    }

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var codes = quantized(linear);
        if (!Supports(codes))
            throw new ArgumentException("DequantizeLinear has no layout for this linear.", nameof(linear));
        var grouped = codes.Groups > 1;
        var weight = Add(graph, linear.Name + ".codes", codes, [codes.InFeatures, codes.OutFeatures], (row, column) => codes.Codes[((long)column * codes.InFeatures) + row]);
        long[] groupShape = grouped ? [codes.Groups, codes.OutFeatures] : [codes.OutFeatures];
        var zeros = Add(graph, linear.Name + ".zeros", codes, groupShape, (group, column) => (byte)codes.Zeros[((long)column * codes.Groups) + group]);
        var scales = graph.External(
            linear.Name + ".scales", ElementType.Float, groupShape, 4L * codes.Scales.Length, stream => WriteScales(codes, stream));

        // Groups run down the input rows (axis 0); a scale for each whole column is a scale for each index of axis 1.
        var dequantized = grouped
            ? graph.Node("DequantizeLinear", [weight, scales, zeros], Attributes.Int("axis", 0), Attributes.Int("block_size", codes.GroupSize))
            : graph.Node("DequantizeLinear", [weight, scales, zeros], Attributes.Int("axis", 1));
        var product = graph.MatMul(input, dequantized);
        return bias is null ? product : graph.Add(product, bias);
    }

    private static string Add(GraphBuilder graph, string name, QuantizedLinear codes, long[] shape, Func<int, int, byte> value)
    {
        var rows = shape.Length == 2 ? (int)shape[0] : 1;
        var columns = codes.OutFeatures;
        var halved = codes.Bits != BitWidth.Eight;
        var count = (long)rows * columns;
        return graph.External(
            name, halved ? ElementType.UInt4 : ElementType.UInt8, shape, halved ? (count + 1) / 2 : count,
            stream => Write(stream, rows, columns, halved, value));
    }

    // 4-bit elements are packed across the ends of rows, so what is left over of one piece begins the next.
    private static void Write(Stream stream, int rows, int columns, bool halved, Func<int, int, byte> value)
    {
        var piece = new byte[RowsAtOnce * columns];
        for (var first = 0; first < rows; first += RowsAtOnce)
        {
            var count = Math.Min(RowsAtOnce, rows - first);
            for (var column = 0; column < columns; column++)
            {
                for (var row = 0; row < count; row++)
                    piece[(row * columns) + column] = value(first + row, column);
            }

            var bytes = count * columns;
            if (halved)
            {
                // An even number of rows at once: only the last piece can have an odd number of elements.
                for (var pair = 0; pair < bytes; pair += 2)
                    piece[pair / 2] = (byte)(piece[pair] | (pair + 1 < bytes ? piece[pair + 1] << 4 : 0));
                bytes = (bytes + 1) / 2;
            }

            stream.Write(piece.AsSpan(0, bytes));
        }
    }

    private static void WriteScales(QuantizedLinear codes, Stream stream)
    {
        var row = new float[codes.OutFeatures];
        for (var group = 0; group < codes.Groups; group++)
        {
            for (var column = 0; column < row.Length; column++)
                row[column] = codes.Scales[((long)column * codes.Groups) + group];
            stream.WriteFloats(row);
        }
    }
}
