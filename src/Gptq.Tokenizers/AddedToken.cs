namespace Gptq.Tokenizers;

/// <summary>A token that is found in the text as it stands, before the model sees the rest.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether decoding can leave it out and encoding can be told not to look for it: a control token, not text.</summary>
    public bool Special { get; init; }

    /// <summary>Whether it is looked for after normalization; <see cref="Pattern"/> is then its normalized form.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether it swallows the white space before it.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Whether it swallows the white space after it.</summary>
    public bool StripRight { get; init; }

    /// <summary>Whether it counts only between characters that are no word characters.</summary>
    public bool SingleWord { get; init; }

    /// <summary>What is looked for, and what decoding starts from.</summary>
    public string Pattern { get; init; } = Content;
}
