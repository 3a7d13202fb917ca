namespace Gptq.Tokenizers.Normalization;

/// <summary>One after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> steps) : INormalizer
{
    public string Normalize(string text, bool atStart)
    {
        foreach (var step in steps) text = step.Normalize(text, atStart);
        return text;
    }
}
