namespace Gptq.Quantization.Calibration;

/// <summary>Sequences of equal length that run together.</summary>
/// <param name="Count">Sequences.</param>
/// <param name="Length">Tokens of each.</param>
public sealed record TokenBatch(int Count, int Length)
{
    /// <summary>[count, length]: 1 for tokens, 0 for padding on the left; null for tokens only.</summary>
    public long[]? AttentionMask { get; init; }

    /// <summary>Tokens of all sequences.</summary>
    public int Tokens => checked(Count * Length);

    internal long[] Mask()
    {
        if (AttentionMask is not null)
            return AttentionMask;
        var mask = new long[Tokens];
        Array.Fill(mask, 1);
        return mask;
    }

    /// <summary>[count, length]: how many tokens come before each one; pads get 0.</summary>
    internal long[] Positions()
    {
        var mask = Mask();
        var positions = new long[mask.Length];
        for (var row = 0; row < Count; row++)
        {
            var next = 0L;
            for (var token = row * Length; token < (row + 1) * Length; token++)
                positions[token] = mask[token] == 0 ? 0 : next++;
        }

        return positions;
    }
}
