using static Gptq.Tokenizers.Characters;

namespace Gptq.Tokenizers.PreTokenization;

/// <summary>The words of Llama 3 (up to three digits) and of Qwen 2 and 3 (one digit), scanned by code point.</summary>
internal sealed class Cl100kPattern(int mostDigits) : ITextPattern
{
    public const string Llama3Expression =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string QwenExpression =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public void Find(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = WordEnd(text, start);
            matches.Add((start, end));
        }
    }

    private int WordEnd(ReadOnlySpan<char> text, int start)
    {
        var contraction = WordScanner.ContractionEnd(text, start, ignoreCase: true);
        if (contraction > start) return contraction;
        var kind = ClassAt(text, start, out var length);
        if (kind == Class.Letter) return WordScanner.RunEnd(text, start, Class.Letter);
        if (kind == Class.Number) return NumberEnd(text, start);
        var second = start + length;
        var next = second < text.Length ? ClassAt(text, second, out _) : Class.Space;
        if (next == Class.Letter && text[start] is not ('\r' or '\n')) return WordScanner.RunEnd(text, second, Class.Letter);
        if (kind == Class.Other) return LineEndsEnd(text, WordScanner.RunEnd(text, start, Class.Other));
        if (text[start] == ' ' && next == Class.Other) return LineEndsEnd(text, WordScanner.RunEnd(text, second, Class.Other));
        var spaces = WordScanner.RunEnd(text, start, Class.Space);
        var lastLineEnd = text[start..spaces].LastIndexOfAny('\r', '\n');
        return lastLineEnd >= 0 ? start + lastLineEnd + 1 : WordScanner.SpacesEnd(text, start);
    }

    private int NumberEnd(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        for (var digits = 0; digits < mostDigits && end < text.Length && ClassAt(text, end, out var length) == Class.Number; digits++)
            end += length;
        return end;
    }

    private static int LineEndsEnd(ReadOnlySpan<char> text, int end)
    {
        while (end < text.Length && text[end] is '\r' or '\n') end++;
        return end;
    }
}
