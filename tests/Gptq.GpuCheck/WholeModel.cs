using System.Text.Json.Nodes;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;

namespace Gptq.GpuCheck;

/// <summary>A small trained checkpoint through the whole pipeline, on the GPU and on the processor: the losses of its layers.</summary>
internal static class WholeModel
{
    private const double Tolerance = 0.05;

    public static IEnumerable<Figure> Run(CheckContext context, string checkpoint, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("gpu-check-").FullName;
        try
        {
            var gpu = Quantize(context, checkpoint, folder, DeviceChoice.Cuda, cancellation);
            var processor = Quantize(context, checkpoint, folder, DeviceChoice.Cpu, cancellation);
            var (ours, theirs) = (gpu.Values.Sum(), processor.Values.Sum());
            yield return new Figure("whole-model", Math.Abs(ours - theirs) <= Tolerance * theirs, new JsonObject
            {
                ["checkpoint"] = Path.GetFileName(checkpoint), ["layers"] = gpu.Count, ["lossOverProcessors"] = Math.Round(ours / theirs, 5),
            });
        }
        finally
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)) File.SetAttributes(file, FileAttributes.Normal);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, double> Quantize(CheckContext context, string checkpoint, string folder, DeviceChoice device, CancellationToken cancellation)
    {
        var output = Path.Combine(folder, device.ToString());
        var request = new QuantizationRequest
        {
            Model = checkpoint,
            ProjectDirectory = folder,
            OutputDirectory = output,
            Name = device.ToString(),
            CacheDirectory = Path.Combine(folder, "cache"),
            Download = false,
            Device = device,
            Cuda = new Loaded(context),
            Options = new QuantizationOptions { CalibrationSamples = context.IsDryRun ? 2 : 32, SequenceLength = context.IsDryRun ? 32 : 256 },
        };
        QuantizationPipeline.RunAsync(request, new Progress<PipelineProgress>(), cancellation).GetAwaiter().GetResult();
        return JsonNode.Parse(File.ReadAllText(Path.Combine(output, "quantization.json")))!["layers"]!.AsArray()
            .ToDictionary(layer => layer!["name"]!.GetValue<string>(), layer => layer!["loss"]!.GetValue<double>());
    }

    /// <summary>What is loaded already.</summary>
    private sealed class Loaded(CheckContext context) : ICudaPlatform
    {
        public CudaMachine Probe() => new(context.Gpus, null);

        public string? MissingLibraries() => null;

        public Task InstallAsync(Action<string> report, CancellationToken cancellation) => Task.CompletedTask;

        public ICudaEngine Load() => context.Engine;
    }
}
