using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>What follows from the attention mask: positions, and who may attend to whom.</summary>
internal static class Masks
{
    /// <summary>How many tokens come before each one of the whole sequence, pads not counted: cumsum(mask)·mask − 1, [batch, past + sequence]; pads get −1.</summary>
    public static string PositionsOfAll(this Forward forward) => forward.Once("positions of all", () =>
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("positions");
        var counts = graph.Node("CumSum", [forward.AttentionMask, graph.Scalar(1L)]);
        return graph.Sub(graph.Mul(counts, forward.AttentionMask), graph.Scalar(1L));
    });

    /// <summary>The same for the new tokens alone, [batch, sequence].</summary>
    public static string PositionsOfNew(this Forward forward) => forward.Once("positions of new", () =>
    {
        var graph = forward.Graph;
        var all = forward.PositionsOfAll();
        using var scope = graph.Scope("positions");
        return graph.Slice(all, forward.PastLength(), graph.Constant(long.MaxValue), axis: 1);
    });

    /// <summary>One more than the greatest position, a scalar: the length of the longest text so far.</summary>
    public static string Length(this Forward forward) => forward.Once("length", () =>
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("lengths");
        var greatest = graph.Node("ReduceMax", [forward.PositionIds!], Attributes.Int("keepdims", 0));
        return graph.Add(greatest, graph.Scalar(1L));
    });

    /// <summary>The number of earlier tokens, a vector of one.</summary>
    public static string PastLength(this Forward forward) => forward.Once("past length", () =>
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("lengths");
        return graph.Sub(graph.Extent(forward.AttentionMask, 1), graph.Extent(forward.Tokens, 1));
    });

    /// <summary>True where a new token (row) may attend to a token (column): not later, not padding, within the window. [batch, 1, sequence, past + sequence].</summary>
    /// <param name="forward">The graph.</param>
    /// <param name="window">How many tokens back a token sees, itself included; null for all.</param>
    public static string Causal(this Forward forward, int? window) => forward.Once($"causal {window}", () =>
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("mask");
        var past = graph.Squeeze(forward.PastLength(), 0);
        var total = graph.Squeeze(graph.Extent(forward.AttentionMask, 1), 0);
        var rows = graph.Unsqueeze(graph.Range(past, total), 1);
        var columns = graph.Unsqueeze(graph.Range(graph.Scalar(0L), total), 0);
        var allowed = graph.Node("LessOrEqual", [columns, rows]);
        if (window is { } width)
            allowed = graph.Node("And", [allowed, graph.Node("Less", [graph.Sub(rows, columns), graph.Scalar((long)width)])]);
        var token = graph.Unsqueeze(graph.Cast(forward.AttentionMask, ElementType.Bool), 1, 2);
        return graph.Node("And", [allowed, token]);
    });
}
