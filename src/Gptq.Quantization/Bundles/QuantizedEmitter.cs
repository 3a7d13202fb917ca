using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Bundles;

/// <summary>Writes each linear layer with the plan's operators, from the codes that the solver found; layers outside the plan stay as they are.</summary>
internal static class QuantizedEmitter
{
    public static ILinearEmitter Create(Architecture architecture, QuantizationPlan plan, ResultStore store)
    {
        var parts = store.Index();
        var kept = new FloatEmitter(architecture);
        ILinearEmitter quantized = new MatMulNBitsEmitter(module => store.Read(parts[module.Name], module.Name));
        return new PerModuleEmitter(module => plan.For(module) is null ? kept : quantized);
    }
}
