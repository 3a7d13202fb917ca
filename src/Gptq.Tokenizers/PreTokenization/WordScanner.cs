using static Gptq.Tokenizers.Characters;

namespace Gptq.Tokenizers.PreTokenization;

/// <summary>The parts that the patterns of byte-level tokenizers share.</summary>
internal static class WordScanner
{
    /// <summary>The end of 's, 't, 're, 've, 'm, 'll or 'd at a place; the place itself where there is none.</summary>
    public static int ContractionEnd(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length) return start;
        var first = Letter(text[start + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd') return start + 2;
        if (start + 2 >= text.Length) return start;
        var second = Letter(text[start + 2], ignoreCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : start;
    }

    /// <summary>The end of the run of one class that starts at a place.</summary>
    public static int RunEnd(ReadOnlySpan<char> text, int start, Class kind)
    {
        var end = start;
        while (end < text.Length && ClassAt(text, end, out var length) == kind) end += length;
        return end;
    }

    /// <summary>\s+(?!\S)|\s+: a run of white space leaves its last character to the word that follows, unless it is the only one.</summary>
    public static int SpacesEnd(ReadOnlySpan<char> text, int start)
    {
        var end = RunEnd(text, start, Class.Space);
        return end < text.Length && end - start > 1 ? end - 1 : end;
    }

    private static char Letter(char character, bool ignoreCase)
    {
        if (!ignoreCase) return character;
        // The long s is an s in another case; no other letter of the contractions has such a twin.
        return character == 'ſ' ? 's' : char.ToLowerInvariant(character);
    }
}
