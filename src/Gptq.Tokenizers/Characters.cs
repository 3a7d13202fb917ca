using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Gptq.Tokenizers;

/// <summary>The classes of characters that pre-tokenizers tell apart, by code point: \p{L} and \p{N} of .NET's own expressions see UTF-16 units.</summary>
internal static class Characters
{
    /// <summary>What a code point is to the patterns of byte-level tokenizers.</summary>
    public enum Class : byte
    {
        /// <summary>Neither white space nor letter nor number.</summary>
        Other,

        /// <summary>\p{L}.</summary>
        Letter,

        /// <summary>\p{N}.</summary>
        Number,

        /// <summary>\s: the property White_Space.</summary>
        Space,
    }

    /// <summary>The class of the code point at a place, and its length in UTF-16 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Class ClassAt(ReadOnlySpan<char> text, int position, out int length)
    {
        var character = text[position];
        length = 1;
        if (character < 128) return OfAscii(character);
        return OfOther(text, position, out length);
    }

    /// <summary>Whether the last code point is a word character (\w).</summary>
    public static bool EndsWithWord(ReadOnlySpan<char> text) =>
        !text.IsEmpty && Rune.DecodeLastFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    /// <summary>Whether the first code point is a word character (\w).</summary>
    public static bool StartsWithWord(ReadOnlySpan<char> text) =>
        !text.IsEmpty && Rune.DecodeFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    /// <summary>\w: letters, marks, decimal digits, letter numbers and connector punctuation.</summary>
    public static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber => true,
        UnicodeCategory.ConnectorPunctuation => true,
        _ => rune.Value is 0x200C or 0x200D,
    };

    /// <summary>Punctuation: the ASCII symbols and all categories P.</summary>
    public static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is > ' ' and < 0x7F && !Rune.IsLetterOrDigit(rune)
        : Rune.IsPunctuation(rune);

    /// <summary>The text, with U+FFFD for each half of a surrogate pair that stands alone.</summary>
    public static string WellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        }

        return text;
    }

    private static Class OfAscii(char character)
    {
        if (char.IsAsciiLetter(character)) return Class.Letter;
        if (char.IsAsciiDigit(character)) return Class.Number;
        return character == ' ' || character is >= '\t' and <= '\r' ? Class.Space : Class.Other;
    }

    private static Class OfOther(ReadOnlySpan<char> text, int position, out int length)
    {
        Rune.DecodeFromUtf16(text[position..], out var rune, out length);
        if (Rune.IsWhiteSpace(rune)) return Class.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Class.Letter,
            >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => Class.Number,
            _ => Class.Other,
        };
    }
}
