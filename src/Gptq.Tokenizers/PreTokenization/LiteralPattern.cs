namespace Gptq.Tokenizers.PreTokenization;

/// <summary>A fixed string.</summary>
internal sealed class LiteralPattern(string literal) : ITextPattern
{
    public void Find(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        if (literal.Length == 0) return;
        for (var start = 0; text[start..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var skipped;)
        {
            start += skipped;
            matches.Add((start, start + literal.Length));
            start += literal.Length;
        }
    }
}
