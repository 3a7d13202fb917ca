using static Gptq.Tokenizers.Characters;

namespace Gptq.Tokenizers.PreTokenization;

/// <summary>The words of GPT-2 (and of OPT, BLOOM's kin, GPT-NeoX), scanned by code point.</summary>
/// <remarks>Radford et al., Language Models are Unsupervised Multitask Learners, section 2.2; the expression is <see cref="Expression"/>.</remarks>
internal sealed class Gpt2Pattern : ITextPattern
{
    public const string Expression = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public void Find(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = WordEnd(text, start);
            matches.Add((start, end));
        }
    }

    private static int WordEnd(ReadOnlySpan<char> text, int start)
    {
        var contraction = WordScanner.ContractionEnd(text, start, ignoreCase: false);
        if (contraction > start) return contraction;
        var first = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
        var kind = ClassAt(text, first, out _);
        return kind == Class.Space ? WordScanner.SpacesEnd(text, start) : WordScanner.RunEnd(text, first, kind);
    }
}
