using Gptq.Quantization.Devices;
using Gptq.Quantization.Options;

namespace Gptq.Quantization.Pipeline;

/// <summary>One model to be quantized: what, how, and where to.</summary>
public sealed record QuantizationRequest
{
    /// <summary>What the item includes: a directory, a name under a root, or a hub repository.</summary>
    public required string Model { get; init; }

    /// <summary>The folder that relative paths start from.</summary>
    public required string ProjectDirectory { get; init; }

    /// <summary>Folders that hold checkpoints by name.</summary>
    public IReadOnlyList<string> ModelRoots { get; init; } = [];

    /// <summary>The commit, tag or branch on the hub.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Whether the hub may be asked.</summary>
    public bool Download { get; init; } = true;

    /// <summary>The bundle's final folder; replaced as a whole.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>The bundle's name.</summary>
    public required string Name { get; init; }

    /// <summary>How to quantize.</summary>
    public required QuantizationOptions Options { get; init; }

    /// <summary>The folder of the content-addressed cache; null for the user's.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>The address of a shared cache; null for none.</summary>
    public string? RemoteCache { get; init; }

    /// <summary>Where to write what was made and what was read; null for nowhere.</summary>
    public string? ManifestPath { get; init; }

    /// <summary>
    /// Looks at the finished bundle, given its checkpoint and its folder, before anybody is told of it; throws where it is not good enough, and
    /// the folder is removed. Null for no gate.
    /// </summary>
    public Action<ModelSource, string, IProgress<PipelineProgress>, CancellationToken>? Gate { get; init; }

    /// <summary>The folder of locks through which processes let one model at a time use a device; null for none.</summary>
    public string? DeviceLocks { get; init; }

    /// <summary>What to calibrate and solve on.</summary>
    public DeviceChoice Device { get; init; }

    /// <summary>CUDA as this program has it.</summary>
    public ICudaPlatform Cuda { get; init; } = new NoCuda();

    /// <summary>Threads for calibration and solving.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
