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
    private readonly Dictionary<string, string> _rounded = new(StringComparer.Ordinal);

    /// <summary>The type of the linears' weights, and of what they are multiplied with.</summary>
    public ElementType Products { get; init; } = ElementType.Float;

    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        var product = graph.Node(Domains.Microsoft, "FusedMatMul", [Rounded(graph, input), linearWeight(linear)], Attributes.Int("transB", 1));
        if (Products != ElementType.Float) product = graph.Cast(product, ElementType.Float);
        return bias is null ? product : graph.Add(product, bias);
    }

    // Once for all linears that read it.
    private string Rounded(GraphBuilder graph, string input)
    {
        if (Products == ElementType.Float) return input;
        if (!_rounded.TryGetValue(input, out var rounded)) rounded = _rounded[input] = graph.Cast(input, Products);
        return rounded;
    }

    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids) =>
        graph.Gather(tableWeight(table), ids);
}
