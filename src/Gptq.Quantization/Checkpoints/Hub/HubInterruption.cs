namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>A failure that may pass: a cut connection, a busy server. It never leaves the hub client.</summary>
internal sealed class HubInterruption(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the server wants to be left alone.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
