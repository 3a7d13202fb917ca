using Gptq.Onnx;
using Gptq.Quantization.Packing;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Tables of token vectors become ONNX Runtime's com.microsoft GatherBlockQuantized: 4 or 8 bits, dequantized row by row as tokens need them.</summary>
/// <param name="quantized">Gives a table's codes, [rows, columns]; called once for each, when they are written.</param>
/// <param name="scaleType">The type of the scales; what comes out is float32.</param>
public sealed class GatherBlockQuantizedEmitter(Func<EmbeddingModule, QuantizedLinear> quantized, ElementType scaleType = ElementType.Float) : IEmbeddingEmitter
{
    /// <summary>Whether the operator can hold such tables.</summary>
    /// <param name="bits">Levels.</param>
    /// <param name="groupSize">Columns of a group.</param>
    /// <param name="columns">Length of a vector; whole blocks.</param>
    public static bool Supports(BitWidth bits, int groupSize, int columns) =>
        bits is BitWidth.Four or BitWidth.Eight
        && MatMulNBitsPacking.Supports(bits, groupSize, columns)
        && columns % MatMulNBitsPacking.BlockSizeOf(groupSize, columns) == 0;

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(table);
        var linear = quantized(table);
        if (!Supports(linear.Bits, linear.GroupSize, linear.InFeatures))
            throw new ArgumentException("GatherBlockQuantized has no layout for this table.", nameof(table));
        var tensors = MatMulNBitsTensors.Add(graph, table.Name, linear, scaleType);

        // The same tensors as a head's, whose codes have a dimension for the blocks; here they are one.
        var codes = graph.Reshape(tensors.Codes, table.Rows, tensors.Packing.CodeBytesPerRow);
        var vectors = graph.Node(
            Domains.Microsoft, "GatherBlockQuantized", [codes, ids, tensors.Scales, tensors.Zeros],
            Attributes.Int("gather_axis", 0), Attributes.Int("quantize_axis", 1), Attributes.Int("bits", (int)linear.Bits),
            Attributes.Int("block_size", tensors.Packing.BlockSize));
        return scaleType == ElementType.Float ? vectors : graph.Cast(vectors, ElementType.Float);
    }
}
