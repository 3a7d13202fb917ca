using System.Globalization;
using System.Text.Json.Nodes;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Pipeline;
using Gptq.Tool.Models;

namespace Gptq.Tool.Reports;

/// <summary>What is in a checkpoint, and what of it is quantized. No weight is read.</summary>
internal sealed class CheckpointReport(ModelFolder folder, ModelCheckpoint checkpoint)
{
    private readonly Architecture _architecture = checkpoint.Architecture;
    private readonly IReadOnlyCollection<TensorInfo> _stored = [.. checkpoint.Stored.Tensors.Values];
    private readonly long _bytes = checkpoint.Files.Sum(file => new FileInfo(file).Length);
    private readonly long _parameters = checkpoint.Tensors.Tensors.Values.Sum(tensor => tensor.ElementCount);

    public void Print(TextWriter output)
    {
        var console = ReportConsole.Create(output);
        var tied = _architecture.TieWordEmbeddings ? ", tied to the head" : "";
        output.WriteLine($"{folder.Name}: {_architecture.ModelType}, {ReportConsole.Count(_parameters)} parameters in {_stored.Count} tensors, {ByteSize.Format(_bytes)}");
        output.WriteLine($"blocks {_architecture.LayerCount}, hidden size {_architecture.HiddenSize}, context {_architecture.MaxPositions?.ToString(CultureInfo.InvariantCulture) ?? "not limited"}");
        output.WriteLine($"heads {_architecture.HeadCount} of {_architecture.HeadDimension}, for keys and values {_architecture.KeyValueHeadCount}; vocabulary {_architecture.VocabularySize}{tied}");

        if (checkpoint.Quantized is { } quantized) output.WriteLine($"quantized already: {Describe(quantized)}");

        // One row for a layer that is in all blocks alike.
        var linears = ReportConsole.NewTable(["linear"], "count", "shape", "weights");
        foreach (var alike in _architecture.Linears.GroupBy(linear => (Name: AnyBlock(linear), linear.OutFeatures, linear.InFeatures)))
        {
            var weights = alike.Sum(linear => (long)linear.OutFeatures * linear.InFeatures);
            linears.AddTexts(
                alike.Key.Name, alike.Count().ToString(CultureInfo.InvariantCulture), $"{alike.Key.OutFeatures}×{alike.Key.InFeatures}", ReportConsole.Count(weights));
        }
        console.Write(linears);

        var types = ReportConsole.NewTable(["stored type"], "tensors", "parameters", "size");
        foreach (var type in _stored.GroupBy(tensor => tensor.DataType).OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            types.AddTexts(
                type.Key, type.Count().ToString(CultureInfo.InvariantCulture), ReportConsole.Count(type.Sum(tensor => tensor.ElementCount)),
                type.Sum(tensor => tensor.ByteCount) is { } bytes and > 0 ? ByteSize.Format(bytes) : "-");
        }
        console.Write(types);
        foreach (var warning in _architecture.Warnings) output.WriteLine(CommandEdge.Describe(warning));
    }

    public JsonObject ToJson() => new()
    {
        ["kind"] = "checkpoint",
        ["directory"] = folder.Directory,
        ["bytes"] = _bytes,
        ["parameters"] = _parameters,
        ["architecture"] = _architecture.ModelType,
        ["blocks"] = _architecture.LayerCount,
        ["hiddenSize"] = _architecture.HiddenSize,
        ["vocabularySize"] = _architecture.VocabularySize,
        ["contextLength"] = _architecture.MaxPositions,
        ["heads"] = _architecture.HeadCount,
        ["keyValueHeads"] = _architecture.KeyValueHeadCount,
        ["headDimension"] = _architecture.HeadDimension,
        ["tiedEmbedding"] = _architecture.TieWordEmbeddings,
        ["linears"] = new JsonArray([.. _architecture.Linears.Select(linear => new JsonObject
        {
            ["name"] = linear.Name,
            ["block"] = linear.Layer < 0 ? null : linear.Layer,
            ["shape"] = new JsonArray(linear.OutFeatures, linear.InFeatures),
        })]),
        ["tensors"] = new JsonArray([.. _stored.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(tensor => new JsonObject
        {
            ["name"] = tensor.Name,
            ["type"] = tensor.DataType,
            ["shape"] = new JsonArray([.. tensor.Shape.Select(extent => (JsonNode)extent)]),
            ["bytes"] = tensor.ByteCount,
        })]),
        ["warnings"] = new JsonArray([.. _architecture.Warnings.Select(warning => new JsonObject { ["code"] = warning.Code, ["message"] = warning.Message })]),
    };

    // As Modules spells it, with the number of linears where they differ.
    private string Describe(StoredLinears quantized)
    {
        var configs = _architecture.Linears.Where(quantized.Contains).Select(quantized.ConfigOf).ToList();
        var forms = configs.GroupBy(config => $"{OptionValues.Format(config.Bits)}{(config.GroupSize == -1 ? "" : $"g{config.GroupSize.ToString(CultureInfo.InvariantCulture)}")}").ToList();
        var format = configs is [{ Version: AutoGptqVersion.V2 }, ..] ? "gptq_v2" : "gptq";
        return $"{string.Join(", ", forms.Select(form => forms.Count == 1 ? form.Key : $"{form.Count()} x {form.Key}"))}, {format}";
    }

    private static string AnyBlock(LinearModule linear)
    {
        var index = string.Create(CultureInfo.InvariantCulture, $".{linear.Layer}.");
        var at = linear.Name.IndexOf(index, StringComparison.Ordinal);
        return at < 0 ? linear.Name : $"{linear.Name[..at]}.*.{linear.Name[(at + index.Length)..]}";
    }
}
