using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>LongRoPE (arXiv 2402.13753): one set of frequencies for texts up to the original limit, another for longer ones.</summary>
internal sealed class LongRopeFrequencies(double[] shortOnes, double[] longOnes, int originalPositions, double attentionFactor) : RotaryFrequencies
{
    public override int Pairs => shortOnes.Length;

    public override float AttentionFactor => (float)attentionFactor;

    public override string Emit(Forward forward) => forward.Once("rotary frequencies", () =>
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("frequencies");
        var isLong = graph.Node("Greater", [forward.Length(), graph.Scalar((long)originalPositions)]);
        return graph.Where(isLong, Constant(forward, "long", longOnes), Constant(forward, "short", shortOnes));
    });

    private static string Constant(Forward forward, string name, double[] values) =>
        forward.Constant($"rotary frequencies {name}", [.. values.Select(value => (float)value)], values.Length);
}
