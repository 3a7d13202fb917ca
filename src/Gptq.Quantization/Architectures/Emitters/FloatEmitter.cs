using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Weights stay float32, in standard operators. A head that is tied to the embedding uses the embedding's own tensor.</summary>
/// <param name="architecture">Where weights are read from.</param>
public sealed class FloatEmitter(Architecture architecture) : ILinearEmitter, IEmbeddingEmitter
{
    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        if (architecture.TiedEmbedding(linear) is { } table)
            return TiedHead(graph, table, input, bias);

        // [in, out], the layout that MatMul multiplies without a transposition.
        var weight = graph.External(
            linear.WeightName,
            ElementType.Float,
            [linear.InFeatures, linear.OutFeatures],
            4L * linear.InFeatures * linear.OutFeatures,
            stream => WriteTransposed(linear, stream));
        var product = graph.MatMul(input, weight);
        return bias is null ? product : graph.Add(product, bias);
    }

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(table);
        return graph.Gather(Table(graph, table), ids);
    }

    // Gemm multiplies with the transpose of the table as it is stored, but only for matrices: batch and sequence are joined for it.
    private string TiedHead(GraphBuilder graph, EmbeddingModule table, string input, string? bias)
    {
        var rows = graph.Reshape(input, -1, table.Columns);
        string[] operands = bias is null ? [rows, Table(graph, table)] : [rows, Table(graph, table), bias];
        var product = graph.Node("Gemm", operands, Attributes.Int("transB", 1));
        var shape = graph.Concat(0, graph.Node("Shape", [input], Attributes.Int("end", 2)), graph.Constant(table.Rows));
        return graph.Node("Reshape", [product, shape]);
    }

    private string Table(GraphBuilder graph, EmbeddingModule table) => graph.External(
        table.WeightName,
        ElementType.Float,
        [table.Rows, table.Columns],
        4L * table.Rows * table.Columns,
        stream => architecture.CopyTo(Architecture.WeightParameter(table), stream));

    private void WriteTransposed(LinearModule linear, Stream stream)
    {
        var weight = new float[(long)linear.OutFeatures * linear.InFeatures];
        architecture.ReadWeight(linear, weight);
        var column = new float[linear.OutFeatures];
        for (var input = 0; input < linear.InFeatures; input++)
        {
            for (var output = 0; output < column.Length; output++)
                column[output] = weight[((long)output * linear.InFeatures) + input];
            stream.WriteFloats(column);
        }
    }
}
