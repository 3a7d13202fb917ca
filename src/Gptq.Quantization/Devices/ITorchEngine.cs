using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Devices;

/// <summary>What Gptq.TorchSharp offers to a program that loads it when it is needed.</summary>
public interface ITorchEngine
{
    /// <summary>Starts libtorch.</summary>
    /// <returns>Why it does not work on CUDA, as a part of a sentence; null where it does.</returns>
    string? Start();

    /// <summary>A solver.</summary>
    /// <param name="device">Such as cuda:0, or cpu.</param>
    ILayerSolver CreateSolver(string device);

    /// <summary>Refinement.</summary>
    /// <param name="device">Such as cuda:0, or cpu.</param>
    ICodeRefiner CreateRefiner(string device);
}
