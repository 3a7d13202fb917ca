namespace Gptq.Tokenizers.Models;

/// <summary>Which pairs of neighbouring tokens become one, and in which order: lower ranks first.</summary>
internal sealed class MergeTable
{
    private readonly Dictionary<ulong, (int Rank, int Result)> _merges = [];

    public int Count => _merges.Count;

    /// <summary>Adds a pair; a later one replaces an earlier one.</summary>
    public void Add(int left, int right, int rank, int result) => _merges[Key(left, right)] = (rank, result);

    public bool TryGet(int left, int right, out (int Rank, int Result) merge) => _merges.TryGetValue(Key(left, right), out merge);

    // An odd factor keeps keys distinct and spreads them over the dictionary's hash, which folds the halves together.
    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) * 0x9E3779B97F4A7C15;
}
