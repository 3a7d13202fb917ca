namespace Gptq.Runtime;

/// <summary>How text is generated. The defaults take the likeliest token each time.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to generate; the model's context length ends a text too.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>What logits are divided by before a token is drawn; 0 takes the likeliest token instead.</summary>
    public float Temperature { get; init; }

    /// <summary>Only so many of the likeliest tokens are drawn from; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens whose probabilities reach this sum are drawn from (nucleus sampling); 1 for all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>What the logits of tokens that occurred already are divided by (multiplied with, where negative); 1 changes nothing.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Makes the drawn tokens the same each time; null for other ones each time.</summary>
    public int? Seed { get; init; }

    /// <summary>Strings that end the text; they are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Whether the text goes on behind the tokens that would end it, so that its length is known: for measurements of speed.</summary>
    public bool IgnoreEnd { get; init; }

    /// <summary>Whether BOS and the like are put before the prompt, where the tokenizer does so by default.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <exception cref="ArgumentOutOfRangeException">A value makes no sense.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(TopK);
        if (!(Temperature >= 0) || !float.IsFinite(Temperature)) throw new ArgumentOutOfRangeException(nameof(Temperature), Temperature, "It must not be negative.");
        if (!(TopP is > 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(TopP), TopP, "It must be above 0 and at most 1.");
        if (!(RepetitionPenalty > 0) || !float.IsFinite(RepetitionPenalty))
            throw new ArgumentOutOfRangeException(nameof(RepetitionPenalty), RepetitionPenalty, "It must be above 0.");
        if (StopStrings.Any(string.IsNullOrEmpty)) throw new ArgumentException("A stop string must not be empty.", nameof(StopStrings));
    }
}
