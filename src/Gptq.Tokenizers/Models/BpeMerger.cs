namespace Gptq.Tokenizers.Models;

/// <summary>Merges a sequence of tokens, best pair first, leftmost first among equals: O(n log n) for n tokens.</summary>
/// <remarks>Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, section 3.2.</remarks>
internal sealed class BpeMerger(MergeTable merges)
{
    private const int Gone = -1;
    private readonly PriorityQueue<(int Position, int Left, int Right, int Result), long> _candidates = new();
    private readonly List<int> _ids = [];
    private int[] _next = [];
    private int[] _previous = [];

    /// <summary>The tokens to merge; the caller fills it, and <see cref="Merge"/> empties it.</summary>
    public List<int> Symbols => _ids;

    /// <summary>Merges <see cref="Symbols"/> and appends what is left.</summary>
    public void Merge(List<int> output)
    {
        Link();
        for (var i = 0; i + 1 < _ids.Count; i++) Consider(i, i + 1);
        while (_candidates.TryDequeue(out var best, out _))
        {
            // A pair that was merged into something else since it was queued no longer stands there.
            var right = _next[best.Position];
            if (_ids[best.Position] != best.Left || right >= _ids.Count || _ids[right] != best.Right) continue;
            _ids[best.Position] = best.Result;
            _ids[right] = Gone;
            var after = _next[right];
            _next[best.Position] = after;
            if (after < _ids.Count)
            {
                _previous[after] = best.Position;
                Consider(best.Position, after);
            }

            if (_previous[best.Position] >= 0) Consider(_previous[best.Position], best.Position);
        }

        foreach (var id in _ids)
            if (id != Gone) output.Add(id);
        _ids.Clear();
    }

    private void Link()
    {
        if (_next.Length < _ids.Count)
        {
            _next = new int[Math.Max(64, _ids.Count)];
            _previous = new int[_next.Length];
        }

        for (var i = 0; i < _ids.Count; i++)
        {
            _next[i] = i + 1;
            _previous[i] = i - 1;
        }
    }

    private void Consider(int position, int right)
    {
        if (merges.TryGet(_ids[position], _ids[right], out var merge))
            _candidates.Enqueue((position, _ids[position], _ids[right], merge.Result), ((long)merge.Rank << 32) | (uint)position);
    }
}
