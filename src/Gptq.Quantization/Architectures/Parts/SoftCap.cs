using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Keeps values within ±cap, smoothly.</summary>
internal static class SoftCap
{
    /// <summary>cap · tanh(x / cap).</summary>
    public static string Emit(GraphBuilder graph, string value, float cap) =>
        graph.Mul(graph.Node("Tanh", [graph.Div(value, graph.Scalar(cap))]), graph.Scalar(cap));
}
