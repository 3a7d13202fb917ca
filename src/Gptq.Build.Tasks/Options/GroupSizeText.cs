using System.Globalization;

namespace Gptq.Build.Tasks;

/// <summary>How many weights share a scale, as a project writes it.</summary>
internal static class GroupSizeText
{
    private const int Smallest = 16;
    private const int Largest = 1024;

    /// <summary>Checks a value of GroupSize.</summary>
    /// <exception cref="MetadataException">GPTQ1002.</exception>
    public static string Normalize(string value, ProjectContext context) => IsValid(value)
        ? int.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)
        : throw new MetadataException("GPTQ1002", $"GroupSize is '{value}'; it can be -1 (a whole row) or a power of two from {Smallest} to {Largest}, e.g. 128.");

    /// <summary>Whether a text is -1 or a power of two in the range.</summary>
    public static bool IsValid(string value) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var size)
        && (size == -1 || (size is >= Smallest and <= Largest && (size & (size - 1)) == 0));
}
