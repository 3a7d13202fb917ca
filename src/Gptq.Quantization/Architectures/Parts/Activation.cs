using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Activation functions by the names that config.json gives them.</summary>
internal static class Activation
{
    private static readonly Dictionary<string, Func<GraphBuilder, string, string>> ByName = new(StringComparer.Ordinal)
    {
        ["relu"] = (graph, x) => graph.Node("Relu", [x]),
        ["relu2"] = (graph, x) => Squared(graph, graph.Node("Relu", [x])),
        ["relu6"] = (graph, x) => graph.Node("Clip", [x, graph.Scalar(0f), graph.Scalar(6f)]),
        ["leaky_relu"] = (graph, x) => graph.Node("LeakyRelu", [x], Attributes.Float("alpha", 0.01f)),
        ["gelu"] = Gelu,
        ["gelu_python"] = Gelu,
        ["gelu_10"] = (graph, x) => graph.Node("Clip", [Gelu(graph, x), graph.Scalar(-10f), graph.Scalar(10f)]),
        ["gelu_new"] = GeluTanh,
        ["gelu_fast"] = GeluTanh,
        ["gelu_accurate"] = GeluTanh,
        ["gelu_pytorch_tanh"] = GeluTanh,
        ["gelu_python_tanh"] = GeluTanh,
        ["quick_gelu"] = (graph, x) => graph.Mul(x, graph.Node("Sigmoid", [graph.Mul(x, graph.Scalar(1.702f))])),
        ["silu"] = Silu,
        ["swish"] = Silu,
        ["mish"] = (graph, x) => graph.Node("Mish", [x]),
        ["sigmoid"] = (graph, x) => graph.Node("Sigmoid", [x]),
        ["tanh"] = (graph, x) => graph.Node("Tanh", [x]),
        ["linear"] = (_, x) => x,
    };

    /// <summary>The function that a field of config.json names.</summary>
    /// <exception cref="GptqException">GPTQ2104: there is no such function here.</exception>
    public static Func<GraphBuilder, string, string> Named(ModelConfig config, string field, string fallback)
    {
        var name = config.Text(field, fallback);
        return ByName.TryGetValue(name, out var function)
            ? function
            : throw config.Unsupported(field, $"names the activation function '{name}'; known are {string.Join(", ", ByName.Keys)}");
    }

    /// <summary>x · Φ(x), with tanh for the normal distribution: what gelu_pytorch_tanh and its other names mean.</summary>
    public static string GeluTanh(GraphBuilder graph, string x) => graph.Node("Gelu", [x], Attributes.Text("approximate", "tanh"));

    private static string Gelu(GraphBuilder graph, string x) => graph.Node("Gelu", [x]);

    private static string Silu(GraphBuilder graph, string x) => graph.Mul(x, graph.Node("Sigmoid", [x]));

    private static string Squared(GraphBuilder graph, string x) => graph.Mul(x, x);
}
