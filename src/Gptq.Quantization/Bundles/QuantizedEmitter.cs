using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.GptqOperators;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Bundles;

/// <summary>Writes each linear layer with the plan's operators, from the codes that the solver found; layers outside the plan stay as they are.</summary>
internal static class QuantizedEmitter
{
    public static ILinearEmitter Create(Architecture architecture, QuantizationPlan plan, ResultStore store)
    {
        var parts = store.Index();
        QuantizedLinear Read(LinearModule module) => store.Read(parts[module.Name], module.Name);
        var kept = new FloatEmitter(architecture);
        ILinearEmitter quantized = plan.Operators switch
        {
            OperatorSet.Gptq => new GptqEmitter(Read),
            OperatorSet.Portable => new PortableEmitter(Read),
            _ => new MatMulNBitsEmitter(Read),
        };
        return new PerModuleEmitter(module => plan.For(module) is null ? kept : quantized);
    }
}
