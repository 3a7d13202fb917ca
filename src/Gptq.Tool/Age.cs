using System.Globalization;

namespace Gptq.Tool;

/// <summary>Times as people write them: 30d, 12h, 90m.</summary>
internal static class Age
{
    private const double Longest = 36500;

    public static TimeSpan? TryParse(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length < 2
            || !double.TryParse(trimmed[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }
        var days = char.ToLowerInvariant(trimmed[^1]) switch
        {
            'd' => number,
            'h' => number / 24,
            'm' => number / (24 * 60),
            _ => double.NaN,
        };
        return days <= Longest ? TimeSpan.FromDays(days) : null;
    }
}
