using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Any other expression, on .NET's engine.</summary>
/// <remarks>
/// The engine sees UTF-16 units, so that a letter beyond the BMP would be no letter to it. Such code points are shown to it as a BMP character
/// of the same general category, one unit for one code point, and the places it finds are mapped back.
/// </remarks>
internal sealed class RegexPattern : ITextPattern
{
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(20);
    private readonly Regex _regex;

    /// <exception cref="NotSupportedException">The expression uses something whose meaning here would differ.</exception>
    public RegexPattern(string expression)
        : this(expression, LongestMatch)
    {
    }

    internal RegexPattern(string expression, TimeSpan longestMatch)
    {
        try
        {
            _regex = new Regex(RegexDialect.ToDotNet(expression), RegexOptions.CultureInvariant | RegexOptions.Multiline, longestMatch);
        }
        catch (ArgumentException exception)
        {
            throw new NotSupportedException($"The expression {expression} is not understood: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The expression takes unreasonably long on this text.</exception>
    public void Find(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        try
        {
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
                FindByCodePoint(text, matches);
            else
                foreach (var match in _regex.EnumerateMatches(text))
                    if (match.Length > 0) matches.Add((match.Index, match.Index + match.Length));
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new NotSupportedException($"The expression {_regex} takes too long on a text of {text.Length} characters.", exception);
        }
    }

    /// <summary>A BMP character of a general category, for code points beyond it; all lie from U+A000 on.</summary>
    internal static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA640',
        UnicodeCategory.LowercaseLetter => '\uAB30',
        UnicodeCategory.ModifierLetter => '\uA4F8',
        UnicodeCategory.OtherLetter => '\uA000',
        UnicodeCategory.NonSpacingMark => '\uA66F',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\uA670',
        UnicodeCategory.DecimalDigitNumber => '\uA620',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\uFE33',
        UnicodeCategory.DashPunctuation => '\uFE31',
        UnicodeCategory.OpenPunctuation => '\uFE17',
        UnicodeCategory.ClosePunctuation => '\uFE18',
        UnicodeCategory.OtherPunctuation => '\uA60D',
        UnicodeCategory.MathSymbol => '\uFB29',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.OtherSymbol => '\uA490',
        UnicodeCategory.Format => '\uFEFF',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFDD0',
    };

    private void FindByCodePoint(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        var shown = ArrayPool<char>.Shared.Rent(text.Length);
        var places = ArrayPool<int>.Shared.Rent(text.Length + 1);
        var count = 0;
        for (int position = 0, length; position < text.Length; position += length)
        {
            Rune.DecodeFromUtf16(text[position..], out var rune, out length);
            places[count] = position;
            shown[count++] = rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune));
        }

        places[count] = text.Length;
        foreach (var match in _regex.EnumerateMatches(shown.AsSpan(0, count)))
            if (match.Length > 0) matches.Add((places[match.Index], places[match.Index + match.Length]));
        ArrayPool<char>.Shared.Return(shown);
        ArrayPool<int>.Shared.Return(places);
    }
}
