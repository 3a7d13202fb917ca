using System.Text;

namespace Gptq.Runtime.Generation;

/// <summary>Lets text through up to the first stop string, and holds back what may be the beginning of one.</summary>
internal sealed class StopStringFilter(IReadOnlyList<string> stopStrings)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop string has come.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes text and returns what is certain to come before any stop string.</summary>
    public string Push(string text)
    {
        if (Stopped) return "";
        if (stopStrings.Count == 0) return text;
        var all = _held.Append(text).ToString();
        _held.Clear();
        var end = all.Length;
        foreach (var stop in stopStrings)
        {
            var found = all.IndexOf(stop, StringComparison.Ordinal);
            if (found < 0) continue;
            Stopped = true;
            end = Math.Min(end, found);
        }

        if (Stopped) return all[..end];
        var held = stopStrings.Max(stop => Overlap(all, stop));
        _held.Append(all, all.Length - held, held);
        return all[..^held];
    }

    /// <summary>Returns what was held back, once no more text comes.</summary>
    public string Finish()
    {
        var rest = Stopped ? "" : _held.ToString();
        _held.Clear();
        return rest;
    }

    /// <summary>The length of the longest end of a text that a stop string begins with.</summary>
    private static int Overlap(string text, string stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
            if (stop.AsSpan().StartsWith(text.AsSpan(text.Length - length), StringComparison.Ordinal)) return length;
        return 0;
    }
}
