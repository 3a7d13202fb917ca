using System.Globalization;
using System.Text.Json.Nodes;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;
using Gptq.Tool.Models;

namespace Gptq.Tool.Reports;

/// <summary>What is in a checkpoint, and what of it is quantized. No weight is read.</summary>
internal sealed class CheckpointReport(ModelFolder folder, Architecture architecture, Checkpoint checkpoint)
{
    private readonly long _bytes = checkpoint.Files.Sum(file => new FileInfo(file).Length);
    private readonly long _parameters = checkpoint.Tensors.Values.Sum(tensor => tensor.ElementCount);

    public void Print(TextWriter output)
    {
        var console = ReportConsole.Create(output);
        var tied = architecture.TieWordEmbeddings ? ", tied to the head" : "";
        output.WriteLine($"{folder.Name}: {architecture.ModelType}, {ReportConsole.Count(_parameters)} parameters in {checkpoint.Tensors.Count} tensors, {ByteSize.Format(_bytes)}");
        output.WriteLine($"blocks {architecture.LayerCount}, hidden size {architecture.HiddenSize}, context {architecture.MaxPositions?.ToString(CultureInfo.InvariantCulture) ?? "not limited"}");
        output.WriteLine($"heads {architecture.HeadCount} of {architecture.HeadDimension}, for keys and values {architecture.KeyValueHeadCount}; vocabulary {architecture.VocabularySize}{tied}");

        // One row for a layer that is in all blocks alike.
        var linears = ReportConsole.NewTable(["linear"], "count", "shape", "weights");
        foreach (var alike in architecture.Linears.GroupBy(linear => (Name: AnyBlock(linear), linear.OutFeatures, linear.InFeatures)))
        {
            var weights = alike.Sum(linear => (long)linear.OutFeatures * linear.InFeatures);
            linears.AddTexts(
                alike.Key.Name, alike.Count().ToString(CultureInfo.InvariantCulture), $"{alike.Key.OutFeatures}×{alike.Key.InFeatures}", ReportConsole.Count(weights));
        }
        console.Write(linears);

        var types = ReportConsole.NewTable(["stored type"], "tensors", "parameters", "size");
        foreach (var type in checkpoint.Tensors.Values.GroupBy(tensor => tensor.DataType).OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            types.AddTexts(
                type.Key, type.Count().ToString(CultureInfo.InvariantCulture), ReportConsole.Count(type.Sum(tensor => tensor.ElementCount)),
                type.Sum(tensor => tensor.ByteCount) is { } bytes and > 0 ? ByteSize.Format(bytes) : "-");
        }
        console.Write(types);
        foreach (var warning in architecture.Warnings) output.WriteLine(CommandEdge.Describe(warning));
    }

    public JsonObject ToJson() => new()
    {
        ["kind"] = "checkpoint",
        ["directory"] = folder.Directory,
        ["bytes"] = _bytes,
        ["parameters"] = _parameters,
        ["architecture"] = architecture.ModelType,
        ["blocks"] = architecture.LayerCount,
        ["hiddenSize"] = architecture.HiddenSize,
        ["vocabularySize"] = architecture.VocabularySize,
        ["contextLength"] = architecture.MaxPositions,
        ["heads"] = architecture.HeadCount,
        ["keyValueHeads"] = architecture.KeyValueHeadCount,
        ["headDimension"] = architecture.HeadDimension,
        ["tiedEmbedding"] = architecture.TieWordEmbeddings,
        ["linears"] = new JsonArray([.. architecture.Linears.Select(linear => new JsonObject
        {
            ["name"] = linear.Name,
            ["block"] = linear.Layer < 0 ? null : linear.Layer,
            ["shape"] = new JsonArray(linear.OutFeatures, linear.InFeatures),
        })]),
        ["tensors"] = new JsonArray([.. checkpoint.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(tensor => new JsonObject
        {
            ["name"] = tensor.Name,
            ["type"] = tensor.DataType,
            ["shape"] = new JsonArray([.. tensor.Shape.Select(extent => (JsonNode)extent)]),
            ["bytes"] = tensor.ByteCount,
        })]),
        ["warnings"] = new JsonArray([.. architecture.Warnings.Select(warning => new JsonObject { ["code"] = warning.Code, ["message"] = warning.Message })]),
    };

    private static string AnyBlock(LinearModule linear)
    {
        var index = string.Create(CultureInfo.InvariantCulture, $".{linear.Layer}.");
        var at = linear.Name.IndexOf(index, StringComparison.Ordinal);
        return at < 0 ? linear.Name : $"{linear.Name[..at]}.*.{linear.Name[(at + index.Length)..]}";
    }
}
