namespace Gptq.Quantization.Devices;

/// <summary>What the driver says of a machine.</summary>
/// <param name="Gpus">Its GPUs.</param>
/// <param name="WhyNone">Why there is none, as a part of a sentence; null when there are some.</param>
public sealed record CudaMachine(IReadOnlyList<Gpu> Gpus, string? WhyNone)
{
    /// <summary>A machine without a GPU.</summary>
    public static CudaMachine Without(string why) => new([], why);
}
