using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>
/// Attention one key head after another, for long sequences without a cache: the scores of one head are in memory at a time, not those of
/// all heads, which for 40 heads and 2048 tokens would take more than a block's weights.
/// </summary>
internal sealed class HeadwiseAttention : AttentionForm
{
    public override string Emit(Forward forward, Attention attention, string query, string key, string value)
    {
        if (forward.Cache is not null)
            throw new InvalidOperationException("There is no cache in this form.");
        var graph = forward.Graph;
        using var scope = graph.Scope("attention");
        var (q, k, v) = Heads(forward, attention, query, key, value);

        // The key head comes first: it is what the scan runs over.
        int heads = attention.KeyValueHeads, group = attention.Heads / heads;
        q = graph.Transpose(graph.Reshape(q, 0, heads, group, -1, attention.Dimension), 1, 2, 0, 3, 4);
        k = graph.Transpose(k, 1, 0, 3, 2);
        v = graph.Transpose(v, 1, 0, 2, 3);
        var bias = attention.Bias is { } emit
            ? graph.Transpose(graph.Reshape(emit(forward), 0, heads, group, 1, -1), 1, 2, 0, 3, 4)
            : null;
        var mask = graph.Squeeze(forward.Causal(attention.Window), 1);

        var body = OneHead(graph, attention, mask, bias is not null);
        string[] inputs = bias is null ? [q, k, v] : [q, k, v, bias];
        var mixed = graph.Node("Scan", inputs, body.AsAttribute("body"), Attributes.Int("num_scan_inputs", inputs.Length));
        return graph.Reshape(graph.Transpose(mixed, 2, 3, 0, 1, 4), 0, 0, (long)attention.Heads * attention.Dimension);
    }

    // Query [group, batch, sequence, dimension], key [batch, dimension, sequence], value [batch, sequence, dimension].
    private static GraphBuilder OneHead(GraphBuilder graph, Attention attention, string mask, bool biased)
    {
        var body = graph.Body("head");
        var q = body.Input("head.query", ElementType.Float, "group", "batch", "sequence", attention.Dimension);
        var k = body.Input("head.key", ElementType.Float, "batch", attention.Dimension, "sequence");
        var v = body.Input("head.value", ElementType.Float, "batch", "sequence", attention.Dimension);
        var scores = body.MatMul(q, k);
        if (attention.SoftCap is { } cap)
            scores = SoftCap.Emit(body, scores, cap);
        if (biased)
            scores = body.Add(scores, body.Input("head.bias", ElementType.Float, "group", "batch", 1, "sequence"));
        var weights = body.Softmax(body.Where(mask, scores, body.Scalar(Masked)));
        var mixed = body.MatMul(weights, v);
        body.Rename(mixed, "head.mixed");
        body.Output("head.mixed", ElementType.Float, "group", "batch", "sequence", attention.Dimension);
        return body;
    }
}
