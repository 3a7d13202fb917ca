using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>
/// Weights stay float32, in standard operators and in the checkpoint's own layout, so that they are copied piece by piece. A head that is
/// tied to the embedding uses the embedding's tensor.
/// </summary>
/// <param name="architecture">Where weights are read from.</param>
public sealed class FloatEmitter(Architecture architecture) : ILinearEmitter, IEmbeddingEmitter
{
    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var weight = External(graph, architecture.WeightParameter(linear));
        if (linear.Transposed)
        {
            var product = graph.MatMul(input, weight);
            return bias is null ? product : graph.Add(product, bias);
        }

        // Gemm multiplies with the transpose of a weight as it is stored, but only matrices: batch and sequence are joined for it.
        var rows = graph.Reshape(input, -1, linear.InFeatures);
        string[] operands = bias is null ? [rows, weight] : [rows, weight, bias];
        var shape = graph.Concat(0, graph.Node("Shape", [input], Attributes.Int("end", 2)), graph.Constant(linear.OutFeatures));
        return graph.Node("Reshape", [graph.Node("Gemm", operands, Attributes.Int("transB", 1)), shape]);
    }

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(table);
        return graph.Gather(External(graph, Architecture.WeightParameter(table)), ids);
    }

    private string External(GraphBuilder graph, Parameter parameter) => graph.External(
        parameter.Name,
        ElementType.Float,
        [.. parameter.StoredShape.Select(extent => (long)extent)],
        4 * parameter.ElementCount,
        stream => architecture.CopyStored(parameter, stream));
}
