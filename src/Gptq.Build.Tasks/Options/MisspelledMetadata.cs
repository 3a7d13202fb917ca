namespace Gptq.Build.Tasks;

/// <summary>Finds metadata that looks like one of ours with a slip in it: MSBuild takes any name, so Bit="3" would silently mean the default.</summary>
internal static class MisspelledMetadata
{
    private const int LargestSlip = 2;

    private static readonly HashSet<string> s_known =
        new(ModelOptions.All.Select(option => option.Metadata).Concat(ModelOptions.BuildMetadata), StringComparer.OrdinalIgnoreCase);

    /// <summary>What was probably meant by a name; null when it is one of ours, or like none.</summary>
    public static string? Meant(string name)
    {
        if (s_known.Contains(name)) return null;
        var meant = s_known.OrderBy(candidate => Distance(name, candidate)).First();
        return Distance(name, meant) <= Math.Min(LargestSlip, meant.Length / 2) ? meant : null;
    }

    /// <summary>Levenshtein's distance, letter case ignored.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
