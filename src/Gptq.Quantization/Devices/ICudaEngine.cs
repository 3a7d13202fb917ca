using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Devices;

/// <summary>What works on GPUs: the solver, refinement, and ONNX Runtime's provider for the forward pass.</summary>
public interface ICudaEngine
{
    /// <summary>Why the forward pass stays on the processor, as a sentence or a library's message; null when it can run on GPUs.</summary>
    string? WhyNoForward { get; }

    /// <summary>A solver that throws <see cref="DeviceOutOfMemoryException"/> where a GPU is too small.</summary>
    /// <param name="gpu">Where.</param>
    ILayerSolver CreateSolver(Gpu gpu);

    /// <summary>Refinement that throws <see cref="DeviceOutOfMemoryException"/> where a GPU is too small.</summary>
    /// <param name="gpu">Where.</param>
    ICodeRefiner CreateRefiner(Gpu gpu);

    /// <summary>Lets sessions run on a GPU.</summary>
    /// <param name="options">The session's.</param>
    /// <param name="gpu">Where.</param>
    void AddProvider(SessionOptions options, Gpu gpu);

    /// <summary>Lets a session give memory back that it does not use any more.</summary>
    /// <param name="options">Of the run after which it does.</param>
    /// <param name="gpu">Where.</param>
    void ReleaseMemoryAfter(RunOptions options, Gpu gpu);

    /// <summary>Where the values of such sessions stay between runs.</summary>
    /// <param name="gpu">Where.</param>
    OrtMemoryInfo Memory(Gpu gpu);
}
