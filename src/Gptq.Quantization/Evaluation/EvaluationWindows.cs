namespace Gptq.Quantization.Evaluation;

/// <summary>Cuts a test text into windows by the paper's rule (datautils.py): one after another, without overlap, the tail dropped.</summary>
public static class EvaluationWindows
{
    /// <summary>Cuts token ids.</summary>
    /// <param name="ids">The whole text's tokens.</param>
    /// <param name="length">Tokens of a window.</param>
    /// <returns>[windows][length].</returns>
    public static IReadOnlyList<int[]> Cut(ReadOnlySpan<int> ids, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        var windows = new int[ids.Length / length][];
        for (var i = 0; i < windows.Length; i++) windows[i] = ids.Slice(i * length, length).ToArray();
        return windows;
    }

    /// <summary>exp of the mean loss.</summary>
    /// <param name="losses">Nats of each window, the mean over its predicted tokens.</param>
    public static double Perplexity(IReadOnlyList<double> losses) => Math.Exp(losses.Average());
}
