namespace Gptq.Quantization.Tests.Architectures.Plain;

/// <summary>Causal attention, one head and one token after the other.</summary>
internal sealed record PlainAttention(int Heads, int KeyValueHeads, int Dimension, double Scale)
{
    public PlainRotary? Rotary { get; init; }

    /// <summary>Tokens that a token sees, itself included.</summary>
    public int? Window { get; init; }

    public double? SoftCap { get; init; }

    /// <summary>A head's slope per position (ALiBi).</summary>
    public Func<int, double>? Slope { get; init; }

    /// <summary>[tokens][heads · dimension].</summary>
    /// <param name="query">[tokens][heads · dimension].</param>
    /// <param name="key">[tokens][kv heads · dimension].</param>
    /// <param name="value">[tokens][kv heads · dimension].</param>
    /// <param name="lengths">How long the text was when each token was computed.</param>
    public double[][] Run(double[][] query, double[][] key, double[][] value, int[] lengths)
    {
        var result = query.Select(_ => new double[Heads * Dimension]).ToArray();
        double[] Head(double[][] all, int token, int head, bool turns)
        {
            var vector = all[token][(head * Dimension)..((head + 1) * Dimension)];
            return turns && Rotary is not null ? Rotary.Turn(vector, token, lengths[token]) : vector;
        }
        for (var head = 0; head < Heads; head++)
        {
            var shared = head / (Heads / KeyValueHeads);
            for (var token = 0; token < query.Length; token++)
            {
                var q = Head(query, token, head, turns: true);
                var first = Window is { } window ? Math.Max(0, token - window + 1) : 0;
                var scores = new double[token - first + 1];
                for (var other = first; other <= token; other++)
                {
                    var score = q.Zip(Head(key, other, shared, turns: true), (a, b) => a * b).Sum() * Scale;
                    if (SoftCap is { } cap) score = cap * Math.Tanh(score / cap);
                    scores[other - first] = score + (Slope is null ? 0 : Slope(head) * other);
                }
                var greatest = scores.Max();
                var weights = scores.Select(score => Math.Exp(score - greatest)).ToArray();
                for (var other = first; other <= token; other++)
                {
                    var v = Head(value, other, shared, turns: false);
                    for (var i = 0; i < Dimension; i++) result[token][(head * Dimension) + i] += weights[other - first] / weights.Sum() * v[i];
                }
            }
        }
        return result;
    }
}
