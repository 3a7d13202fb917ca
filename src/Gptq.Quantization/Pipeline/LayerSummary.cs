using System.Text.Json.Nodes;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>What quantization.json says of a layer.</summary>
internal static class LayerSummary
{
    public static JsonObject ToJson(SolveResult result)
    {
        var (linear, report) = result;
        var json = new JsonObject
        {
            ["name"] = report.Layer,
            ["shape"] = new JsonArray(linear.OutFeatures, linear.InFeatures),
            ["bits"] = OptionValues.Format(linear.Bits),
            ["group_size"] = linear.GroupSize == linear.InFeatures ? -1 : linear.GroupSize,
            ["method"] = OptionValues.Format(report.Method),
            ["tokens"] = report.Tokens,
            ["damp"] = report.Damp,
        };
        if (report.Loss is { } loss) json["loss"] = loss;
        if (report.LossVersusRtn is { } ratio) json["loss_versus_rtn"] = ratio;
        if (report.Refined is { } refined) json["refined"] = Math.Round(refined, 4);
        if (report.RelativeError is { } error) json["relative_error"] = Math.Round(error, 6);
        if (report.DeadColumns > 0) json["dead_columns"] = report.DeadColumns;
        if (report.Warnings.Count > 0)
            json["warnings"] = new JsonArray([.. report.Warnings.Select(warning => (JsonNode)new JsonObject { ["code"] = warning.Code, ["message"] = warning.Message })]);
        return json;
    }

    /// <summary>The same of a layer whose codes were in the checkpoint.</summary>
    public static JsonObject ToJson(LinearModule module, AutoGptqConfig config) => new()
    {
        ["name"] = module.Name,
        ["shape"] = new JsonArray(module.OutFeatures, module.InFeatures),
        ["bits"] = OptionValues.Format(config.Bits),
        ["group_size"] = config.ColumnsPerGroup(module.InFeatures) == module.InFeatures ? -1 : config.GroupSize,
        ["method"] = "kept",
    };

    /// <summary>The warnings of layers that <see cref="ToJson(SolveResult)"/> described.</summary>
    public static IEnumerable<GptqWarning> Warnings(JsonArray layers) =>
        from layer in layers
        where layer!["warnings"] is not null
        from warning in layer["warnings"]!.AsArray()
        select new GptqWarning(warning!["code"]!.GetValue<string>(), $"{layer["name"]}: {warning["message"]}");
}
