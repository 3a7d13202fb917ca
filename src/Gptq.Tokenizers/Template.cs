namespace Gptq.Tokenizers;

/// <summary>What is put around a text's ids: BOS, EOS and the like.</summary>
/// <param name="Before">Ids before the text's.</param>
/// <param name="After">Ids after the text's.</param>
internal sealed record Template(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    public static Template Empty { get; } = new([], []);

    /// <summary>The same, with BOS at the start or not, whatever it was.</summary>
    public Template WithFirst(int id, bool present)
    {
        var has = Before.Count > 0 && Before[0] == id;
        if (has == present) return this;
        return this with { Before = present ? [id, .. Before] : [.. Before.Skip(1)] };
    }

    /// <summary>The same, with EOS at the end or not, whatever it was.</summary>
    public Template WithLast(int id, bool present)
    {
        var has = After.Count > 0 && After[^1] == id;
        if (has == present) return this;
        return this with { After = present ? [.. After, id] : [.. After.SkipLast(1)] };
    }
}
