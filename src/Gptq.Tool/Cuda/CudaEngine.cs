using System.Globalization;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Tool.Cuda;

/// <summary>TorchSharp for solving, ONNX Runtime's CUDA provider for the forward pass.</summary>
internal sealed class CudaEngine(ITorchEngine torch, string? whyNoForward) : ICudaEngine
{
    /// <inheritdoc/>
    public string? WhyNoForward => whyNoForward;

    /// <inheritdoc/>
    public ILayerSolver CreateSolver(Gpu gpu) => torch.CreateSolver(Name(gpu));

    /// <inheritdoc/>
    public ICodeRefiner CreateRefiner(Gpu gpu) => torch.CreateRefiner(Name(gpu));

    /// <inheritdoc/>
    public void AddProvider(SessionOptions options, Gpu gpu) => AddProvider(options, gpu.Index);

    /// <inheritdoc/>
    public void ReleaseMemoryAfter(RunOptions options, Gpu gpu) =>
        options.AddRunConfigEntry("memory.enable_memory_arena_shrinkage", string.Create(CultureInfo.InvariantCulture, $"gpu:{gpu.Index}"));

    /// <inheritdoc/>
    public OrtMemoryInfo Memory(Gpu gpu) => new(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, gpu.Index, OrtMemType.Default);

    /// <summary>Adds the provider.</summary>
    /// <exception cref="OnnxRuntimeException">It does not load.</exception>
    public static void AddProvider(SessionOptions options, int gpu)
    {
        using var provider = new OrtCUDAProviderOptions();
        provider.UpdateOptions(new Dictionary<string, string>
        {
            ["device_id"] = gpu.ToString(CultureInfo.InvariantCulture),
            // The solver needs what the forward pass does not.
            ["arena_extend_strategy"] = "kSameAsRequested",
            // Products in float32 are of numbers that TF32 holds exactly, or of those to which it makes no difference (attention).
            ["use_tf32"] = "1",
        });
        options.AppendExecutionProvider_CUDA(provider);
    }

    private static string Name(Gpu gpu) => string.Create(CultureInfo.InvariantCulture, $"cuda:{gpu.Index}");
}
