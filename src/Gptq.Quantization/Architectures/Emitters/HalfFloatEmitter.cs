using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Weights stay as they are, but in float16: half the bytes to read for a token. What goes in and comes out is float32.</summary>
/// <param name="architecture">Where weights are read from.</param>
public sealed class HalfFloatEmitter(Architecture architecture) : ILinearEmitter, IEmbeddingEmitter
{
    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var weight = architecture.TiedEmbedding(linear) is { } table ? External(graph, table) : External(graph, linear);
        var product = graph.Node(Domains.Microsoft, "FusedMatMul", [graph.Cast(input, ElementType.Float16), weight], Attributes.Int("transB", 1));
        var wide = graph.Cast(product, ElementType.Float);
        return bias is null ? wide : graph.Add(wide, bias);
    }

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(table);
        return graph.Cast(graph.Gather(External(graph, table), ids), ElementType.Float);
    }

    private string External(GraphBuilder graph, LinearModule linear) => graph.External(
        linear.WeightName, ElementType.Float16, [linear.OutFeatures, linear.InFeatures], 2L * linear.OutFeatures * linear.InFeatures,
        stream =>
        {
            var weight = new float[checked(linear.OutFeatures * linear.InFeatures)];
            architecture.ReadWeight(linear, weight);
            stream.WriteHalves(weight);
        });

    private string External(GraphBuilder graph, EmbeddingModule table) => graph.External(
        table.WeightName, ElementType.Float16, [table.Rows, table.Columns], 2L * table.Rows * table.Columns,
        stream =>
        {
            var row = new float[table.Columns];
            for (var r = 0; r < table.Rows; r++)
            {
                architecture.ReadRow(table, r, row);
                stream.WriteHalves(row);
            }
        });
}
