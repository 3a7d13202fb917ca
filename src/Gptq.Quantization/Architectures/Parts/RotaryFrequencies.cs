using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>How fast the pairs of a rotary embedding turn, in radians a position.</summary>
internal abstract class RotaryFrequencies
{
    /// <summary>The number of pairs.</summary>
    public abstract int Pairs { get; }

    /// <summary>What cosine and sine are multiplied with (YaRN, LongRoPE).</summary>
    public virtual float AttentionFactor => 1;

    /// <summary>Adds the frequencies to a graph, [pairs].</summary>
    public abstract string Emit(Forward forward);
}
