using System.Text;

namespace Gptq.Tokenizers.Normalization;

/// <summary>The normalization forms NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15).</summary>
/// <param name="compatibility">Whether compatibility decompositions are used too (K).</param>
/// <param name="compose">Whether composites are formed in the end (C instead of D).</param>
internal sealed class UnicodeNormalizer(bool compatibility, bool compose) : INormalizer
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;

    public string Normalize(string text, bool atStart)
    {
        if (IsNormalAlready(text)) return text;
        var points = Decompose(text);
        Order(points);
        if (compose) Compose(points);
        var result = new StringBuilder(text.Length);
        foreach (var point in points) result.Append(new Rune(point).ToString());
        return result.ToString();
    }

    // Below U+0300 nothing decomposes for good under NFC and nothing combines; under the other forms that holds for ASCII.
    private bool IsNormalAlready(string text) =>
        text.AsSpan().IndexOfAnyExceptInRange('\0', compose && !compatibility ? '\u02FF' : '\u007F') < 0;

    private List<int> Decompose(string text)
    {
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var point = rune.Value;
            if (point is >= SyllableBase and < SyllableBase + SyllableCount)
            {
                var index = point - SyllableBase;
                points.Add(LeadBase + (index / (VowelCount * TrailCount)));
                points.Add(VowelBase + (index % (VowelCount * TrailCount) / TrailCount));
                if (index % TrailCount != 0) points.Add(TrailBase + (index % TrailCount));
            }
            else if ((compatibility && UnicodeTables.Compatibility.TryGetValue(point, out var parts)) || UnicodeTables.Canonical.TryGetValue(point, out parts))
            {
                points.AddRange(parts);
            }
            else
            {
                points.Add(point);
            }
        }

        return points;
    }

    /// <summary>Sorts each run of combining characters by class, keeping the order within a class.</summary>
    private static void Order(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            if (ClassOf(points[start]) == 0) continue;
            var end = start + 1;
            while (end < points.Count && ClassOf(points[end]) != 0) end++;
            if (end - start > 1)
            {
                var sorted = points[start..end].OrderBy(ClassOf).ToList();
                for (var i = 0; i < sorted.Count; i++) points[start + i] = sorted[i];
            }

            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        var (starter, written, lastClass) = (-1, 0, 0);
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var combiningClass = ClassOf(point);
            var adjacent = written == starter + 1;
            if (starter >= 0 && (adjacent || (lastClass != 0 && lastClass < combiningClass)) && TryCompose(points[starter], point, out var composite))
            {
                points[starter] = composite;
                continue;
            }

            if (combiningClass == 0) starter = written;
            lastClass = combiningClass;
            points[written++] = point;
        }

        points.RemoveRange(written, points.Count - written);
    }

    private static bool TryCompose(int first, int second, out int composite)
    {
        if (first is >= LeadBase and < LeadBase + LeadCount && second is >= VowelBase and < VowelBase + VowelCount)
        {
            composite = SyllableBase + ((((first - LeadBase) * VowelCount) + (second - VowelBase)) * TrailCount);
            return true;
        }

        var isOpenSyllable = first is >= SyllableBase and < SyllableBase + SyllableCount && (first - SyllableBase) % TrailCount == 0;
        if (isOpenSyllable && second is > TrailBase and < TrailBase + TrailCount)
        {
            composite = first + (second - TrailBase);
            return true;
        }

        return UnicodeTables.Composites.TryGetValue((first, second), out composite);
    }

    private static byte ClassOf(int point) => UnicodeTables.CombiningClasses.GetValueOrDefault(point);
}
