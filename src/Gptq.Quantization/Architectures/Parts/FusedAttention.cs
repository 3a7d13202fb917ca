using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>
/// Attention in ONNX Runtime's own operators, RotaryEmbedding and GroupQueryAttention: two or three nodes a block, no copies of heads, and
/// past and present may be one buffer.
/// </summary>
/// <remarks>
/// Padding, windows and ALiBi all go into the additive bias: the operator's own window has changed its meaning between versions, and its own
/// lengths can only describe padding on the right.
/// </remarks>
internal sealed class FusedAttention : AttentionForm
{
    // The operators' kernels want heads of a multiple of this.
    private const int HeadGranularity = 8;

    /// <summary>Whether the operators can compute this model's attention.</summary>
    public static bool Supports(Architecture architecture) => architecture.HeadDimension % HeadGranularity == 0;

    public override string Emit(Forward forward, Attention attention, string query, string key, string value)
    {
        using var scope = forward.Graph.Scope("attention");
        (query, key) = GroupQueryAttention.Rotate(forward, attention, query, key);
        return GroupQueryAttention.Emit(forward, attention, query, key, value, Lengths(forward), "", "", "", Bias(forward, attention));
    }

    // The operator wants the last token's index for each row, [batch], and the number of tokens, both int32.
    private static (string Last, string Total) Lengths(Forward forward)
    {
        var graph = forward.Graph;
        var total = forward.Once("total length", () => graph.Cast(graph.Extent(forward.AttentionMask, 1), ElementType.Int32));
        var last = forward.Once("last index", () =>
        {
            var one = graph.Cast(graph.Constant(1), ElementType.Int32);
            return graph.Node("Expand", [graph.Sub(total, one), graph.Extent(forward.AttentionMask, 0)]);
        });
        return (last, total);
    }

    // [batch, 1 or heads, sequence, past + sequence]
    private static string Bias(Forward forward, Attention attention) =>
        forward.Once($"attention bias {attention.Window} {attention.Bias is not null}", () =>
        {
            var graph = forward.Graph;
            var seen = attention.Bias is { } bias ? bias(forward) : graph.Scalar(0f);
            return graph.Where(forward.Causal(attention.Window), seen, graph.Scalar(Masked));
        });
}
