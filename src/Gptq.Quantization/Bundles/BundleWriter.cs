using System.Reflection;
using System.Text.Json.Nodes;
using Gptq.Quantization.Allocation;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Bundles;

/// <summary>Writes what an app ships: the graph, its weights, the tokenizer, and what describes them.</summary>
internal static class BundleWriter
{
    /// <summary>Writes a bundle into an empty folder. Nothing in it depends on when or where it was made.</summary>
    public static void Write(
        ModelSource source, Preparation preparation, QuantizationOptions options, CalibrationCorpus corpus, ResultStore store, string device, string directory, CancellationToken cancellation)
    {
        var plan = preparation.Plan;
        cancellation.ThrowIfCancellationRequested();
        if (options.CheckpointFormat is { } version) AutoGptqFolder.Write(source, plan, options, version, store, directory, cancellation);
        if (options.Formats.HasFlag(ModelFormats.Onnx))
        {
            var emitters = new QuantizedEmitters(source, plan, store);
            DecoderGraph.Write(source.Architecture, directory, emitters.Linears, emitters.Embeddings, portable: plan.Operators == OperatorSet.Portable, half: plan.Operators == OperatorSet.OnnxRuntimeHalf);
            RuntimeFiles.Write(source, directory);
        }
        BundleJson.Write(Path.Combine(directory, BundleFiles.Quantization), Describe(source, preparation, options, corpus, store, device, directory));
    }

    private static JsonObject Describe(
        ModelSource source, Preparation preparation, QuantizationOptions options, CalibrationCorpus corpus, ResultStore store, string device, string directory) => new()
        {
            ["version"] = QuantizationPipeline.FormatVersion,
            ["engine"] = typeof(BundleWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
            ["architecture"] = source.Architecture.ModelType,
            ["operators"] = OptionValues.Format(preparation.Plan.Operators),
            ["options"] = OptionsJson.Of(options),
            ["bits_per_weight"] = BitsPerWeight(source, preparation.Plan, options),
            ["device"] = device,
            ["calibration"] = new JsonObject { ["text"] = corpus.Name, ["sha256"] = preparation.WrittenDigest ?? corpus.Digest },
            ["layers"] = new JsonArray([.. KeptLayers(source, preparation.Plan), .. store.Summaries().Select(layer => layer!.DeepClone())]),
            ["files"] = new JsonArray([.. BundleManifest.Digests(directory).Select(file => (JsonNode)new JsonObject { ["path"] = file.Path, ["size"] = file.Size, ["sha256"] = file.Sha256 })]),
        };

    private static IEnumerable<JsonNode> KeptLayers(ModelSource source, QuantizationPlan plan) =>
        source.Architecture.Linears.Where(plan.Keeps).Select(module => LayerSummary.ToJson(module, source.Checkpoint.Quantized!.ConfigOf(module)));

    // As TargetBitsPerWeight counts, to three decimals.
    private static double BitsPerWeight(ModelSource source, QuantizationPlan plan, QuantizationOptions options)
    {
        var storage = new WeightStorage(options, plan.Operators);
        var layers = source.Architecture.Linears
            .Select(module => (Module: module, Form: plan.FormOf(module) ?? (plan.Keeps(module) ? FormOf(source.Checkpoint.Quantized!.ConfigOf(module)) : null)))
            .Where(layer => layer.Form is not null)
            .ToList();
        var weights = layers.Sum(layer => (long)layer.Module.OutFeatures * layer.Module.InFeatures);
        return weights == 0 ? 0 : Math.Round(layers.Sum(layer => storage.Bits(layer.Module, layer.Form!.Value)) / (double)weights, 3);
    }

    private static LayerForm? FormOf(AutoGptqConfig config) => new(config.Bits, config.GroupSize);
}
