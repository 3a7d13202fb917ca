using System.Collections.Frozen;
using System.Globalization;

namespace Gptq.Tokenizers.Normalization;

/// <summary>Decompositions, compositions and combining classes.</summary>
/// <remarks>
/// .NET normalizes with the system's ICU, and not at all in applications that are built with InvariantGlobalization; ids must depend on neither.
/// </remarks>
internal static class UnicodeTables
{
    private static readonly Lazy<Tables> Loaded = new(Load);

    /// <summary>Canonical combining class by code point; 0 where it is not listed.</summary>
    public static FrozenDictionary<int, byte> CombiningClasses => Loaded.Value.CombiningClasses;

    /// <summary>Full canonical decomposition by code point, without Hangul.</summary>
    public static FrozenDictionary<int, int[]> Canonical => Loaded.Value.Canonical;

    /// <summary>Full compatibility decomposition by code point where it differs from the canonical one.</summary>
    public static FrozenDictionary<int, int[]> Compatibility => Loaded.Value.Compatibility;

    /// <summary>The primary composite of two code points, without Hangul.</summary>
    public static FrozenDictionary<(int First, int Second), int> Composites => Loaded.Value.Composites;

    private static Tables Load()
    {
        Dictionary<int, byte> classes = [];
        Dictionary<int, int[]> canonical = [], compatibility = [];
        Dictionary<(int, int), int> composites = [];
        using var reader = new StreamReader(typeof(UnicodeTables).Assembly.GetManifestResourceStream("unicode-normalization.txt")!);
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(' ');
            if (fields[0] == "#") continue;
            var point = Hexadecimal(fields[1]);
            switch (fields[0])
            {
                case "R":
                    classes[point] = byte.Parse(fields[2], CultureInfo.InvariantCulture);
                    break;
                case "D":
                    canonical[point] = [.. fields.Skip(2).Select(Hexadecimal)];
                    break;
                case "K":
                    compatibility[point] = [.. fields.Skip(2).Select(Hexadecimal)];
                    break;
                case "C":
                    composites[(Hexadecimal(fields[2]), Hexadecimal(fields[3]))] = point;
                    break;
            }
        }

        return new Tables(classes.ToFrozenDictionary(), canonical.ToFrozenDictionary(), compatibility.ToFrozenDictionary(), composites.ToFrozenDictionary());
    }

    private static int Hexadecimal(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private sealed record Tables(
        FrozenDictionary<int, byte> CombiningClasses,
        FrozenDictionary<int, int[]> Canonical,
        FrozenDictionary<int, int[]> Compatibility,
        FrozenDictionary<(int First, int Second), int> Composites);
}
