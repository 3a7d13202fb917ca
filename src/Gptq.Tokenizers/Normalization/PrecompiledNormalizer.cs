using System.Globalization;
using System.Text;

namespace Gptq.Tokenizers.Normalization;

/// <summary>A <see cref="CharsMap"/> the way tokenizer.json means it: grapheme by grapheme where they are short, else code point by code point.</summary>
internal sealed class PrecompiledNormalizer(CharsMap map) : INormalizer
{
    /// <summary>Graphemes from this many bytes on are not looked up whole.</summary>
    private const int LongGrapheme = 6;

    public string Normalize(string text, bool atStart)
    {
        var result = new StringBuilder(text.Length);
        Span<byte> utf8 = stackalloc byte[LongGrapheme];
        for (var position = 0; position < text.Length;)
        {
            var length = StringInfo.GetNextTextElementLength(text, position);
            if (!TryReplace(text.AsSpan(position, length), utf8, result))
            {
                foreach (var rune in text.AsSpan(position, length).EnumerateRunes())
                {
                    var character = rune.ToString();
                    if (!TryReplace(character, utf8, result)) result.Append(character);
                }
            }

            position += length;
        }

        return result.ToString();
    }

    private bool TryReplace(ReadOnlySpan<char> part, Span<byte> utf8, StringBuilder result)
    {
        if (!Encoding.UTF8.TryGetBytes(part, utf8, out var count) || count >= LongGrapheme) return false;
        if (map.Find(utf8[..count], longest: false) is not (var replacement, _)) return false;
        result.Append(replacement);
        return true;
    }
}
