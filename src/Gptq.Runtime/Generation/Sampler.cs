namespace Gptq.Runtime.Generation;

/// <summary>Chooses the next token from logits. Allocates nothing after its creation.</summary>
internal sealed class Sampler
{
    private readonly GenerationOptions _options;
    private readonly Random _random;
    private readonly bool[] _seen;
    private readonly int[] _seenIds;
    private readonly int[] _candidates;
    private readonly float[] _weights;
    private readonly PriorityQueue<int, float> _heap;
    private int _seenCount;

    public Sampler(GenerationOptions options, int vocabularySize)
    {
        _options = options;
        _random = options.Seed is { } seed ? new Random(seed) : Random.Shared;
        var penalizes = options.RepetitionPenalty != 1;
        _seen = penalizes ? new bool[vocabularySize] : [];
        _seenIds = penalizes ? new int[vocabularySize] : [];
        var draws = options.Temperature > 0;
        _candidates = draws ? new int[vocabularySize] : [];
        _weights = draws ? new float[vocabularySize] : [];
        _heap = new PriorityQueue<int, float>(draws ? Math.Min(options.TopK, vocabularySize) : 0);
    }

    /// <summary>Remembers a token of the prompt or of the text, for <see cref="GenerationOptions.RepetitionPenalty"/>.</summary>
    public void Observe(int token)
    {
        if ((uint)token >= (uint)_seen.Length || _seen[token]) return;
        _seen[token] = true;
        _seenIds[_seenCount++] = token;
    }

    /// <summary>Chooses a token; the logits are changed.</summary>
    public int Next(Span<float> logits)
    {
        Penalize(logits);
        var token = _options.Temperature == 0 ? IndexOfLargest(logits) : Draw(logits);
        Observe(token);
        return token;
    }

    /// <summary>The index of the largest logit, the first of equals.</summary>
    public static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best] || float.IsNaN(logits[best])) best = i;
        return best;
    }

    /// <summary>Keskar et al., CTRL, section 4.1.</summary>
    private void Penalize(Span<float> logits)
    {
        foreach (var id in _seenIds.AsSpan(0, _seenCount))
            logits[id] = logits[id] > 0 ? logits[id] / _options.RepetitionPenalty : logits[id] * _options.RepetitionPenalty;
    }

    private int Draw(Span<float> logits)
    {
        var largest = logits[IndexOfLargest(logits)];
        var total = 0d;
        for (var i = 0; i < logits.Length; i++)
        {
            var weight = MathF.Exp((logits[i] - largest) / _options.Temperature);
            logits[i] = float.IsNaN(weight) ? 0 : weight;
            total += logits[i];
        }

        var count = Candidates(logits, total);
        var limit = 0d;
        for (var i = 0; i < count; i++) limit += _weights[i];
        var point = _random.NextDouble() * limit;
        for (var i = 0; i < count; i++)
        {
            point -= _weights[i];
            if (point < 0) return _candidates[i];
        }

        return count > 0 ? _candidates[count - 1] : 0;
    }

    /// <summary>Puts the tokens that may be drawn first in <see cref="_candidates"/>, with their weights, and returns how many there are.</summary>
    private int Candidates(ReadOnlySpan<float> weights, double total)
    {
        var isLimited = _options.TopK > 0 && _options.TopK < weights.Length;
        var count = isLimited ? Largest(weights, _options.TopK) : AboveCutoff(weights, total);
        if (!isLimited && _options.TopP >= 1) return count;
        SortDescending(count);
        if (_options.TopP >= 1) return count;
        if (isLimited) total = Sum(count);
        var reached = 0d;
        for (var i = 0; i < count; i++)
        {
            reached += _weights[i];
            if (reached >= _options.TopP * total) return i + 1;
        }

        return count;
    }

    private int Largest(ReadOnlySpan<float> weights, int most)
    {
        _heap.Clear();
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] <= 0) continue;
            if (_heap.Count < most) _heap.Enqueue(i, weights[i]);
            else if (weights[i] > weights[_heap.Peek()]) _heap.DequeueEnqueue(i, weights[i]);
        }

        var count = 0;
        while (_heap.TryDequeue(out var token, out var weight)) (_candidates[count], _weights[count++]) = (token, weight);
        return count;
    }

    private int AboveCutoff(ReadOnlySpan<float> weights, double total)
    {
        // A token below this cannot be among the likeliest that reach TopP, however the rest is spread: most are never sorted.
        var cutoff = _options.TopP < 1 ? (1 - _options.TopP) * total / weights.Length : 0;
        var count = 0;
        for (var i = 0; i < weights.Length; i++)
            if (weights[i] > 0 && weights[i] >= cutoff) (_candidates[count], _weights[count++]) = (i, weights[i]);
        return count;
    }

    /// <summary>Equal weights are ordered by token, so that the same seed draws the same text everywhere.</summary>
    private void SortDescending(int count)
    {
        for (var i = 0; i < count; i++) _weights[i] = -_weights[i];
        _weights.AsSpan(0, count).Sort(_candidates.AsSpan(0, count));
        for (var i = 0; i < count; i++) _weights[i] = -_weights[i];
        SortEqualByToken(count);
    }

    private double Sum(int count)
    {
        var sum = 0d;
        for (var i = 0; i < count; i++) sum += _weights[i];
        return sum;
    }

    private void SortEqualByToken(int count)
    {
        for (int start = 0, end; start < count; start = end)
        {
            for (end = start + 1; end < count && _weights[end] == _weights[start]; end++)
            {
            }

            if (end - start > 1) _candidates.AsSpan(start, end - start).Sort();
        }
    }
}
