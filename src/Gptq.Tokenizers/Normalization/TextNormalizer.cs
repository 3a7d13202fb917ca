using System.Globalization;
using System.Text;

namespace Gptq.Tokenizers.Normalization;

/// <summary>A rule that looks at the text alone.</summary>
internal sealed class TextNormalizer(Func<string, string> rule) : INormalizer
{
    /// <summary>Drops combining marks.</summary>
    public static TextNormalizer StripAccents { get; } = new(static text =>
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            if (Rune.GetUnicodeCategory(rune) is not (>= UnicodeCategory.NonSpacingMark and <= UnicodeCategory.EnclosingMark)) result.Append(rune.ToString());
        return result.ToString();
    });

    /// <summary>Lower case, code point by code point.</summary>
    public static TextNormalizer Lowercase { get; } = new(static text =>
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // The one code point whose lower case is two.
            if (rune.Value == 'İ') result.Append("i\u0307");
            else result.Append(Rune.ToLowerInvariant(rune).ToString());
        }

        return result.ToString();
    });

    /// <summary>The characters of <see cref="ByteAlphabet"/> instead of the text's bytes.</summary>
    public static TextNormalizer ByteLevel { get; } = new(static text => ByteAlphabet.Encode(text));

    /// <summary>Puts a string before any text that is not empty.</summary>
    public static TextNormalizer Prepend(string prefix) => new(text => text.Length == 0 ? text : prefix + text);

    /// <summary>Drops white space at the ends.</summary>
    public static TextNormalizer Strip(bool left, bool right) => new(text => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    });

    public string Normalize(string text, bool atStart) => rule(text);
}
