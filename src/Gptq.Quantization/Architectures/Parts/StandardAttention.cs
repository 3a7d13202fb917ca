using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Attention in standard ONNX operators: every variant, every runtime.</summary>
internal sealed class StandardAttention : AttentionForm
{
    public override string Emit(Forward forward, Attention attention, string query, string key, string value)
    {
        var graph = forward.Graph;
        using var scope = graph.Scope("attention");
        var (q, k, v) = Heads(forward, attention, query, key, value);
        if (forward.Cache is { } cache)
        {
            var past = KeyValueCache.Past(forward.Layer);
            var present = cache.Present(forward.Layer);
            k = Continue(graph, cache, present.Key, past.Key, k);
            v = Continue(graph, cache, present.Value, past.Value, v);
        }

        // Query heads that share a key head follow one another, so they are the rows of one product: nothing is repeated.
        var group = attention.Heads / attention.KeyValueHeads;
        var rows = group == 1 ? q : graph.Reshape(q, 0, attention.KeyValueHeads, -1, attention.Dimension);
        var scores = graph.MatMul(rows, graph.Transpose(k, 0, 1, 3, 2));
        if (group != 1)
            scores = graph.Node("Reshape", [scores, ScoresShape(forward, attention.Heads)]);
        if (attention.SoftCap is { } cap)
            scores = SoftCap.Emit(graph, scores, cap);
        if (attention.Bias is { } bias)
            scores = graph.Add(scores, bias(forward));
        var weights = graph.Softmax(graph.Where(forward.Causal(attention.Window), scores, graph.Scalar(Masked)));
        if (group != 1)
            weights = graph.Node("Reshape", [weights, GroupedShape(forward, attention.KeyValueHeads)]);
        var mixed = graph.MatMul(weights, v);
        if (group != 1)
            mixed = graph.Reshape(mixed, 0, attention.Heads, -1, attention.Dimension);
        return graph.Reshape(graph.Transpose(mixed, 0, 2, 1, 3), 0, 0, (long)attention.Heads * attention.Dimension);
    }

    // The cache may be kept in another type than what attention computes with.
    private static string Continue(GraphBuilder graph, KeyValueCache cache, string present, string past, string added)
    {
        if (cache.Type == ElementType.Float) return graph.NamedNode(present, "Concat", [past, added], Attributes.Int("axis", 2));
        graph.NamedNode(present, "Concat", [past, graph.Cast(added, cache.Type)], Attributes.Int("axis", 2));
        return graph.Cast(present, ElementType.Float);
    }

    // [batch, heads, sequence, past + sequence]; the last extent is given by number, because -1 would be ambiguous where it is the only unknown but one.
    private static string ScoresShape(Forward forward, int heads) => forward.Once($"scores shape {heads}", () =>
    {
        var graph = forward.Graph;
        return graph.Concat(0, graph.Constant(0, heads, -1), graph.Extent(forward.AttentionMask, 1));
    });

    private static string GroupedShape(Forward forward, int keyValueHeads) => ScoresShape(forward, keyValueHeads);
}
