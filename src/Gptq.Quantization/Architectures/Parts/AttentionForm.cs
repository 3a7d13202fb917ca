using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Which operators attention is made of.</summary>
internal abstract class AttentionForm
{
    /// <summary>Writes softmax(scale · q kᵀ + …) v, with the cache.</summary>
    /// <param name="forward">The graph.</param>
    /// <param name="attention">The heads and what is particular about them.</param>
    /// <param name="query">[batch, sequence, heads · dimension].</param>
    /// <param name="key">[batch, sequence, kv heads · dimension].</param>
    /// <param name="value">[batch, sequence, kv heads · dimension].</param>
    /// <returns>[batch, sequence, heads · dimension].</returns>
    public abstract string Emit(Forward forward, Attention attention, string query, string key, string value);
}
