using Gptq.Tokenizers.Models;

namespace Gptq.Tokenizers.Loading;

/// <summary>Turns a pair of tokens into a rule.</summary>
internal static class MergeReader
{
    /// <summary>Adds a pair written "left right"; false when it is none, or when a token of it or their union is not in the vocabulary.</summary>
    public static bool TryAdd(MergeTable merges, Vocabulary vocabulary, string pair, int rank)
    {
        var space = pair.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && pair.IndexOf(' ', space + 1) < 0 && TryAdd(merges, vocabulary, pair[..space], pair[(space + 1)..], rank);
    }

    /// <summary>Adds a pair; false when a token of it or their union is not in the vocabulary.</summary>
    public static bool TryAdd(MergeTable merges, Vocabulary vocabulary, string left, string right, int rank)
    {
        if (!vocabulary.TryGetId(left, out var leftId) || !vocabulary.TryGetId(right, out var rightId)) return false;
        if (!vocabulary.TryGetId(left + right, out var result)) return false;
        merges.Add(leftId, rightId, rank, result);
        return true;
    }
}
