using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>A folder of its own with a cache of its own, and requests for the trained sample model with little calibration.</summary>
public abstract class PipelineTest : IDisposable
{
    protected string Root { get; } = Directory.CreateTempSubdirectory("gptq-pipeline-").FullName;

    protected string Output => Path.Combine(Root, "out", "bard");

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => Directory.Delete(Root, recursive: true);

    protected QuantizationRequest Request(QuantizationOptions? options = null) => new()
    {
        Model = TestPaths.BardOpt,
        ProjectDirectory = Root,
        OutputDirectory = Output,
        Name = "bard",
        Options = (options ?? new QuantizationOptions()) with { CalibrationSamples = 4, SequenceLength = 64 },
        CacheDirectory = Path.Combine(Root, "cache"),
        Download = false,
        Threads = 2,
    };

    protected static Task<QuantizationSummary> RunAsync(QuantizationRequest request, Action<PipelineProgress>? onProgress = null, CancellationToken cancellation = default) =>
        QuantizationPipeline.RunAsync(request, new Immediate(onProgress ?? (_ => { })), cancellation);

    protected static Dictionary<string, byte[]> Files(string directory) =>
        Directory.EnumerateFiles(directory).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    // Progress<T> would report later, from another thread.
    private sealed class Immediate(Action<PipelineProgress> action) : IProgress<PipelineProgress>
    {
        public void Report(PipelineProgress value) => action(value);
    }
}
