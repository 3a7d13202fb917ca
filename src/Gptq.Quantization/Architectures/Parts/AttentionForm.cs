using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Which operators attention is made of.</summary>
internal abstract class AttentionForm
{
    /// <summary>The score of what must not be seen: finite, so that a row of padding, which sees nothing, yields numbers and not NaN.</summary>
    protected const float Masked = -1e30f;

    /// <summary>Writes softmax(scale · q kᵀ + …) v, with the cache.</summary>
    /// <param name="forward">The graph.</param>
    /// <param name="attention">The heads and what is particular about them.</param>
    /// <param name="query">[batch, sequence, heads · dimension].</param>
    /// <param name="key">[batch, sequence, kv heads · dimension].</param>
    /// <param name="value">[batch, sequence, kv heads · dimension].</param>
    /// <returns>[batch, sequence, heads · dimension].</returns>
    public abstract string Emit(Forward forward, Attention attention, string query, string key, string value);

    /// <summary>Queries, keys and values by head, [batch, heads, sequence, dimension], turned by their positions; queries are scaled.</summary>
    private protected static (string Query, string Key, string Value) Heads(
        Forward forward, Attention attention, string query, string key, string value)
    {
        var graph = forward.Graph;
        string Split(string all, int heads) => graph.Transpose(graph.Reshape(all, 0, 0, heads, attention.Dimension), 0, 2, 1, 3);
        string Turn(string heads) => attention.Rotary is { } rotary ? rotary.Emit(forward, heads) : heads;
        var q = Turn(Split(query, attention.Heads));
        if (attention.Scale != 1)
            q = graph.Mul(q, graph.Scalar(attention.Scale));
        return (q, Turn(Split(key, attention.KeyValueHeads)), Split(value, attention.KeyValueHeads));
    }
}
