namespace Gptq.Quantization.Architectures.Families;

/// <summary>What a family means where config.json says nothing.</summary>
internal sealed record RotaryDecoderDefaults(int Vocabulary, int Hidden, int FeedForward, int Layers, int Heads, int MaxPositions)
{
    /// <summary>Key and value heads; null for as many as query heads.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>Length of a head's vectors; null for hidden size by heads.</summary>
    public int? HeadDimension { get; init; }

    public double Epsilon { get; init; } = 1e-6;

    public bool Tied { get; init; }
}
