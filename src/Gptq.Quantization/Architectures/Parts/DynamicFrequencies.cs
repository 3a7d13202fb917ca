using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>
/// Dynamic NTK scaling: once a text is longer than the model's positions, the base θ grows with the length L to
/// θ · (s·L/max − (s − 1))^(d/(d−2)).
/// </summary>
/// <remarks>Keys in the cache keep the frequencies of the length at which they were computed, so past the limit decoding token by token is not the full pass.</remarks>
internal sealed class DynamicFrequencies(double theta, int dimension, double factor, int maxPositions) : RotaryFrequencies
{
    public override int Pairs => dimension / 2;

    public override string Emit(Forward forward) => forward.Once("rotary frequencies", () =>
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("frequencies");
        var length = graph.Node("Max", [graph.Cast(forward.Length(), ElementType.Float), graph.Scalar((float)maxPositions)]);
        var growth = graph.Sub(graph.Mul(length, graph.Scalar((float)(factor / maxPositions))), graph.Scalar((float)(factor - 1)));
        var power = graph.Node("Pow", [growth, graph.Scalar((float)(dimension / (dimension - 2.0)))]);
        var grown = graph.Mul(power, graph.Scalar((float)theta));
        var exponents = forward.Constant(
            "rotary exponents", [.. Enumerable.Range(0, Pairs).Select(pair => (float)(-2.0 * pair / dimension))], Pairs);
        return graph.Node("Pow", [grown, exponents]);
    });
}
