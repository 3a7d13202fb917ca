using System.Text;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Normalization;

/// <summary>What SentencePiece itself does to text, as the model's normalizer_spec says.</summary>
/// <param name="map">The table of replacements, if any; at each place the longest beginning is replaced.</param>
/// <param name="removeExtraSpaces">Whether spaces at the ends are dropped and runs of them made one.</param>
/// <param name="prefix">Where a space is put before the text.</param>
/// <param name="escapeSpaces">Whether spaces become the mark ▁.</param>
internal sealed class SentencePieceNormalizer(CharsMap? map, bool removeExtraSpaces, PrependScheme prefix, bool escapeSpaces) : INormalizer
{
    public const string SpaceMark = "▁";

    public string Normalize(string text, bool atStart)
    {
        if (map is not null) text = Replace(text, map);
        if (removeExtraSpaces) text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (text.Length > 0 && (prefix == PrependScheme.Always || (prefix == PrependScheme.First && atStart))) text = " " + text;
        if (!escapeSpaces) return text;
        text = text.Replace(" ", SpaceMark, StringComparison.Ordinal);
        // Marks at the end count as spaces even where they were written out.
        return removeExtraSpaces ? text.TrimEnd(SpaceMark[0]) : text;
    }

    private static string Replace(string text, CharsMap map)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var result = new StringBuilder(text.Length);
        for (var position = 0; position < utf8.Length;)
        {
            if (map.Find(utf8.AsSpan(position), longest: true) is var (replacement, length))
            {
                result.Append(replacement);
                position += length;
            }
            else
            {
                Rune.DecodeFromUtf8(utf8.AsSpan(position), out var rune, out length);
                result.Append(rune.ToString());
                position += length;
            }
        }

        return result.ToString();
    }
}
