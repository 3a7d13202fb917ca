namespace Gptq.Tokenizers.Decoding;

/// <summary>How tokens become text again.</summary>
internal sealed record DecoderPlan
{
    /// <summary>Whether a token's characters stand for bytes (<see cref="ByteAlphabet"/>).</summary>
    public bool ByteLevel { get; init; }

    /// <summary>What is replaced in each token, in this order.</summary>
    public IReadOnlyList<(string Old, string New)> Replacements { get; init; } = [];

    /// <summary>Whether &lt;0x41&gt; means the byte 0x41.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>How many <see cref="StrippedCharacter"/> the text loses at its start.</summary>
    public int StripAtStart { get; init; }

    /// <summary>See <see cref="StripAtStart"/>.</summary>
    public char StrippedCharacter { get; init; } = ' ';

    /// <summary>A mark that the first token loses wherever it has it, before the replacements.</summary>
    public string? FirstTokenLoses { get; init; }

    /// <summary>What stands between two tokens.</summary>
    public string Separator { get; init; } = "";
}
