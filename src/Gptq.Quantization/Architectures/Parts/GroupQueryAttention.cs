using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>ONNX Runtime's GroupQueryAttention over a block's cache, whatever the type of its values.</summary>
internal static class GroupQueryAttention
{
    /// <summary>Turns queries and keys by their positions, where the model has that.</summary>
    public static (string Query, string Key) Rotate(Forward forward, Attention attention, string query, string key) => attention.Rotary is { } rotary
        ? (rotary.EmitFused(forward, query, attention.Heads), rotary.EmitFused(forward, key, attention.KeyValueHeads))
        : (query, key);

    /// <summary>Adds the operator.</summary>
    /// <param name="forward">The graph in the making.</param>
    /// <param name="attention">The block's attention.</param>
    /// <param name="query">[batch, sequence, heads · size].</param>
    /// <param name="key">[batch, sequence, key heads · size].</param>
    /// <param name="value">[batch, sequence, key heads · size].</param>
    /// <param name="lengths">The index of each row's last token, [batch], and the longest row's number of tokens, both int32.</param>
    /// <param name="others">The operator's inputs behind these.</param>
    /// <returns>The mixed values, [batch, sequence, heads · size].</returns>
    public static string Emit(
        Forward forward, Attention attention, string query, string key, string value, (string Last, string Total) lengths, params IEnumerable<string> others)
    {
        var cache = forward.Cache ?? throw new InvalidOperationException("There is no form without a cache.");
        var past = KeyValueCache.Past(forward.Layer);
        var present = cache.Present(forward.Layer);
        var output = $"{present.Key}:mixed";
        forward.Graph.NamedNodes(
            Domains.Microsoft, "GroupQueryAttention", [query, key, value, past.Key, past.Value, lengths.Last, lengths.Total, .. others],
            [output, present.Key, present.Value],
            Attributes.Int("num_heads", attention.Heads), Attributes.Int("kv_num_heads", attention.KeyValueHeads),
            Attributes.Float("scale", attention.Scale), Attributes.Float("softcap", attention.SoftCap ?? 0));
        return output;
    }
}
