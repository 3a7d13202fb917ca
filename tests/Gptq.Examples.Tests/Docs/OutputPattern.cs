using System.Text.RegularExpressions;

namespace Gptq.Examples.Tests.Docs;

/// <summary>Output as a page shows it, to compare with the real one: numbers, digests, folders and widths may differ, and <c>…</c> stands for anything.</summary>
internal static partial class OutputPattern
{
    /// <summary>Whether the output is what the page shows.</summary>
    public static bool Matches(string shown, string output)
    {
        var pattern = string.Concat(Piece().Matches(shown.Trim()).Select(piece => piece.Value switch
        {
            var text when text.Contains('…', StringComparison.Ordinal) => "[\\s\\S]*",
            ['/', ..] => "\\S+",
            [var first, ..] when char.IsWhiteSpace(first) => "\\s+",
            ['─', ..] => "─+",
            [var first, ..] when char.IsAsciiHexDigit(first) && piece.Value.Length == 12 => "[0-9a-f]{12}",
            [var first, ..] when char.IsDigit(first) => "[0-9.,]+",
            var text => Regex.Escape(text),
        }));
        return Regex.IsMatch(output.Trim(), $"^{pattern}$", RegexOptions.None, TimeSpan.FromSeconds(20));
    }

    [GeneratedRegex(@"\s*…\s*|/home/me\S*|\s+|─+|\b[0-9a-f]{12}\b|\d[\d.,]*|.")]
    private static partial Regex Piece();
}
