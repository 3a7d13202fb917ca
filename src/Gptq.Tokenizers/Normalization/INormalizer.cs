namespace Gptq.Tokenizers.Normalization;

/// <summary>Rewrites text before it is split into pieces.</summary>
internal interface INormalizer
{
    /// <summary>The rewritten text.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="atStart">Whether the whole text begins here.</param>
    string Normalize(string text, bool atStart);
}
