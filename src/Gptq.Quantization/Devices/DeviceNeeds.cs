using Gptq.Quantization.Architectures;

namespace Gptq.Quantization.Devices;

/// <summary>What a model's largest layer takes of a GPU's memory.</summary>
internal static class DeviceNeeds
{
    /// <summary>Bytes: H in four forms while it is factorised; the weight, its copy in order, and its codes beside U.</summary>
    public static long Of(Architecture architecture) => architecture.Linears.Max(linear =>
        (16L * linear.InFeatures * linear.InFeatures) + (12L * linear.InFeatures * linear.OutFeatures));
}
