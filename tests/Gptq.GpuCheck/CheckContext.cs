using Gptq.Quantization.Devices;
using Gptq.Runtime;

namespace Gptq.GpuCheck;

/// <summary>What the checks run on, and how large they are.</summary>
/// <param name="Engine">The GPU's, or in a dry run the processor's.</param>
/// <param name="Gpus">Those to use.</param>
/// <param name="IsDryRun">Whether everything is tiny and on the processor: to see that the checks themselves work.</param>
internal sealed record CheckContext(ICudaEngine Engine, IReadOnlyList<Gpu> Gpus, bool IsDryRun)
{
    /// <summary>Where sessions of finished graphs run.</summary>
    public ModelDevice Device => IsDryRun ? ModelDevice.Cpu : ModelDevice.Cuda(Gpus[0].Index);
}
