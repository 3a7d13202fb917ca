using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using TorchSharp;

namespace Gptq.TorchSharp;

/// <summary>The way in for programs that load this assembly when they need it.</summary>
public sealed class TorchEngine : ITorchEngine
{
    /// <inheritdoc/>
    public string? Start()
    {
        // What stays on the processor is little; more threads would only stand in each other's way.
        torch.set_num_threads(1);
        return torch.cuda.is_available() ? null : "libtorch finds no CUDA device that it can use";
    }

    /// <inheritdoc/>
    public ILayerSolver CreateSolver(string device) => new TorchLayerSolver(torch.device(device));

    /// <inheritdoc/>
    public ICodeRefiner CreateRefiner(string device) => new TorchCodeRefiner(torch.device(device));
}
