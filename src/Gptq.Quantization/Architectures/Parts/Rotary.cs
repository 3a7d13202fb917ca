using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Rotary position embedding, half-split layout: element i of the first half and of the second half turn together by position · frequency i.</summary>
/// <param name="frequencies">How fast each pair turns.</param>
/// <param name="headDimension">Length of a head's vectors.</param>
internal sealed class Rotary(RotaryFrequencies frequencies, int headDimension)
{
    /// <summary>How many elements of a head turn; the rest pass through.</summary>
    private int Turning => 2 * frequencies.Pairs;

    /// <summary>Turns [batch, heads, sequence, dimension].</summary>
    public string Emit(Forward forward, string value)
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("rotary");
        var angles = forward.Once("rotary angles", () => Angles(forward));
        var cosine = forward.Once("rotary cosine", () => Scaled(forward, graph.Node("Cos", [angles])));
        var sine = forward.Once("rotary sine", () => Scaled(forward, graph.Node("Sin", [angles])));
        var half = frequencies.Pairs;
        string[] parts = Turning == headDimension
            ? graph.Split(value, -1, half, half)
            : graph.Split(value, -1, half, half, headDimension - Turning);
        var first = graph.Sub(graph.Mul(parts[0], cosine), graph.Mul(parts[1], sine));
        var second = graph.Add(graph.Mul(parts[1], cosine), graph.Mul(parts[0], sine));
        return parts.Length == 2 ? graph.Concat(-1, first, second) : graph.Concat(-1, first, second, parts[2]);
    }

    /// <summary>Turns [batch, sequence, heads · dimension] with ONNX Runtime's own operator.</summary>
    public string EmitFused(Forward forward, string value, int heads)
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("rotary");

        // The operator looks up cosine and sine by row; a row for each token holds exactly what the token needs, for every kind of scaling.
        string Rows(string name, string op) => forward.Once($"rotary {name} rows", () => graph.Reshape(
            Scaled(forward, graph.Node(op, [forward.Once("rotary angles", () => Angles(forward))])), -1, frequencies.Pairs));
        var rowOfToken = forward.Once("rotary row of token", () =>
        {
            var shape = graph.Node("Shape", [forward.PositionIds!]);
            var count = graph.Node("ReduceProd", [shape], Attributes.Int("keepdims", 0));
            return graph.Node("Reshape", [graph.Range(graph.Scalar(0L), count), shape]);
        });
        return graph.Node(
            Domains.Microsoft, "RotaryEmbedding", [value, rowOfToken, Rows("cosine", "Cos"), Rows("sine", "Sin")],
            Attributes.Int("num_heads", heads), Attributes.Int("rotary_embedding_dim", Turning == headDimension ? 0 : Turning));
    }

    // [batch, 1, sequence, pairs]
    private string Angles(Forward forward)
    {
        var graph = forward.Graph;
        var positions = graph.Cast(forward.PositionIds!, ElementType.Float);
        return graph.Mul(graph.Unsqueeze(positions, 1, 3), frequencies.Emit(forward));
    }

    private string Scaled(Forward forward, string value) => frequencies.AttentionFactor == 1
        ? value
        : forward.Graph.Mul(value, forward.Graph.Scalar(frequencies.AttentionFactor));
}
