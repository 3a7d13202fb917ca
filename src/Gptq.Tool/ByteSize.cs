using System.Globalization;

namespace Gptq.Tool;

/// <summary>Sizes as people write them: 500MB, 20GB (powers of 1000), 1.5GiB (powers of 1024), or a number of bytes.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, double Bytes)[] Units =
        [("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1)];

    public static long? TryParse(string text)
    {
        var trimmed = text.Trim();
        var (unit, bytes) = Array.Find(Units, unit => trimmed.EndsWith(unit.Unit, StringComparison.OrdinalIgnoreCase)) is { Unit: not null } found ? found : ("", 1);
        var number = trimmed[..^unit.Length];
        return double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var value)
            && value * bytes < long.MaxValue
            ? (long)(value * bytes)
            : null;
    }

    public static string Format(long bytes)
    {
        var (unit, size) = Array.Find(Units, unit => unit.Unit is "TB" or "GB" or "MB" or "KB" && bytes >= unit.Bytes);
        if (unit is null)
            return $"{bytes} B";
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size:0.#} {unit}");
    }
}
