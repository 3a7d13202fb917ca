using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>The settings of one block's attention.</summary>
internal sealed record Attention
{
    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; each serves heads / kv heads query heads in a row.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Length of a head's vectors.</summary>
    public required int Dimension { get; init; }

    /// <summary>What scores are multiplied with.</summary>
    public required float Scale { get; init; }

    /// <summary>How many tokens back a token sees, itself included; null for all.</summary>
    public int? Window { get; init; }

    /// <summary>Scores become cap · tanh(score / cap); null for scores as they are.</summary>
    public float? SoftCap { get; init; }

    /// <summary>Turns queries and keys by their positions; null for none.</summary>
    public Rotary? Rotary { get; init; }

    /// <summary>Gives a value that is added to the scores, broadcast to [batch, heads, sequence, past + sequence]; null for none.</summary>
    public Func<Forward, string>? Bias { get; init; }
}
