using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Tests;
using Gptq.Tool.Tests;

[assembly: AssemblyFixture(typeof(SampleBundle))]

namespace Gptq.Tool.Tests;

/// <summary>The trained sample model, quantized once for all tests with little calibration, and a text to measure it with.</summary>
public sealed class SampleBundle : IAsyncLifetime
{
    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("gptq-tool-").FullName;

    public string Directory => Path.Combine(_root, "bard");

    public string TextFile => Path.Combine(_root, "text.txt");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(TextFile, string.Concat(Enumerable.Repeat("And God said, Let there be light: and there was light.\n", 12)));
        await QuantizationPipeline.RunAsync(
            new QuantizationRequest
            {
                Model = TestPaths.BardOpt,
                ProjectDirectory = _root,
                OutputDirectory = Directory,
                Name = "bard",
                Options = new QuantizationOptions { CalibrationSamples = 2, SequenceLength = 32 },
                CacheDirectory = Path.Combine(_root, "cache"),
                Download = false,
            },
            new Progress<PipelineProgress>(),
            CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        System.IO.Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }
}
