using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>
/// Weights are inputs of the graph, as they are in memory ([out, in]; a table as it is): one session serves every block, and a weight is
/// exchanged by writing other numbers to the memory that is bound to it.
/// </summary>
/// <param name="linearWeight">Declares the input for a linear's weight and gives its name.</param>
/// <param name="tableWeight">The same for a table.</param>
internal sealed class InputEmitter(Func<LinearModule, string> linearWeight, Func<EmbeddingModule, string> tableWeight)
    : ILinearEmitter, IEmbeddingEmitter
{
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        var product = graph.Node(Domains.Microsoft, "FusedMatMul", [input, linearWeight(linear)], Attributes.Int("transB", 1));
        return bias is null ? product : graph.Add(product, bias);
    }

    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids) =>
        graph.Gather(tableWeight(table), ids);
}
