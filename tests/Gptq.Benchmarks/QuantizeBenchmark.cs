using System.CommandLine;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Benchmarks;

/// <summary>
/// A whole quantization, checkpoint to bundle, with an empty cache: GPTQ with the defaults beside round-to-nearest, which reads and writes the
/// same files but calibrates and solves nothing.
/// </summary>
internal sealed class QuantizeBenchmark : IBenchmark
{
    public Command CreateCommand()
    {
        var model = new Option<DirectoryInfo>("--model") { Description = "The checkpoint [default: samples/models/bard-opt].", DefaultValueFactory = _ => new DirectoryInfo("samples/models/bard-opt") };
        var samples = new Option<int>("--samples") { DefaultValueFactory = _ => new QuantizationOptions().CalibrationSamples };
        var runs = new Option<int>("--runs") { DefaultValueFactory = _ => 3 };
        var command = new Command("quantize", "A checkpoint to a bundle: GPTQ beside round-to-nearest.") { model, samples, runs };
        command.SetAction(result =>
        {
            var directory = Directory.CreateTempSubdirectory("gptq-benchmark-").FullName;
            try
            {
                var options = new QuantizationOptions { CalibrationSamples = result.GetValue(samples) };
                var seconds = Measure.Interleaved(
                    result.GetValue(runs),
                    () => Quantize(result.GetRequiredValue(model).FullName, directory, options),
                    () => Quantize(result.GetRequiredValue(model).FullName, directory, options with { Method = SolverMethod.Rtn }));
                new Report().Add("gptq_seconds", seconds[0]).Add("rtn_seconds", seconds[1]).Add("ratio", seconds[0] / seconds[1]).Write(result);
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        });
        return command;
    }

    private static void Quantize(string model, string directory, QuantizationOptions options)
    {
        var run = Path.Combine(directory, Guid.NewGuid().ToString("N"));
        QuantizationPipeline.RunAsync(
            new QuantizationRequest
            {
                Model = model,
                ProjectDirectory = directory,
                OutputDirectory = Path.Combine(run, "out"),
                CacheDirectory = Path.Combine(run, "cache"),
                Name = "model",
                Options = options,
                Download = false,
            },
            new Progress<PipelineProgress>(),
            CancellationToken.None).GetAwaiter().GetResult();
        Directory.Delete(run, recursive: true);
    }
}
