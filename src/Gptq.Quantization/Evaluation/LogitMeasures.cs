namespace Gptq.Quantization.Evaluation;

/// <summary>What logits are judged by; all sums are in float64.</summary>
public static class LogitMeasures
{
    /// <summary>−log p(target) in nats.</summary>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="target">The token that followed.</param>
    public static double CrossEntropy(ReadOnlySpan<float> logits, int target) => LogSumExp(logits) - logits[target];

    /// <summary>KL(p ‖ q) = Σ p (log p − log q) in nats.</summary>
    /// <param name="reference">Logits of p, [vocabulary]: the float model.</param>
    /// <param name="logits">Logits of q, [vocabulary].</param>
    public static double KlDivergence(ReadOnlySpan<float> reference, ReadOnlySpan<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, reference.Length);
        var (p, q) = (LogSumExp(reference), LogSumExp(logits));
        double sum = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            var logP = reference[i] - p;
            sum += Math.Exp(logP) * (logP - (logits[i] - q));
        }
        // Rounding can leave the sum of equal distributions a hair below zero.
        return Math.Max(0, sum);
    }

    /// <summary>The most likely token; of equals the first.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }
        return best;
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        var largest = float.NegativeInfinity;
        foreach (var logit in logits) largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (var logit in logits) sum += Math.Exp(logit - (double)largest);
        return largest + Math.Log(sum);
    }
}
