using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>
/// Attention for CUDA: GroupQueryAttention in float16, without an additive bias, which CUDA's kernel refuses. Rows of a batch may be
/// padded on the right alone. Attention with a window or a bias of its own is made of standard operators, over the same float16 cache.
/// </summary>
internal sealed class HalfAttention : AttentionForm
{
    private readonly StandardAttention _other = new();

    public override string Emit(Forward forward, Attention attention, string query, string key, string value)
    {
        if (attention.Window is not null || attention.Bias is not null) return _other.Emit(forward, attention, query, key, value);
        var graph = forward.Graph;
        using var scope = graph.Scope("attention");
        (query, key) = GroupQueryAttention.Rotate(forward, attention, query, key);
        string Half(string wide) => graph.Cast(wide, ElementType.Float16);
        var mixed = GroupQueryAttention.Emit(forward, attention, Half(query), Half(key), Half(value), (Last(forward), Total(forward)));
        return graph.Cast(mixed, ElementType.Float);
    }

    // The index of each row's last token, [batch], and the longest row's number of tokens, both int32.
    private static string Last(Forward forward) => forward.Once("last token", () =>
    {
        var graph = forward.Graph;
        var tokens = graph.Node("ReduceSum", [forward.AttentionMask, graph.Constant(1)], Attributes.Int("keepdims", 0));
        return graph.Cast(graph.Sub(tokens, graph.Scalar(1L)), ElementType.Int32);
    });

    private static string Total(Forward forward) =>
        forward.Once("total length", () => forward.Graph.Cast(forward.Graph.Extent(forward.AttentionMask, 1), ElementType.Int32));
}
