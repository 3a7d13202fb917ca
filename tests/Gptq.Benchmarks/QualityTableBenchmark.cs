using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gptq.Quantization;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Benchmarks;

/// <summary>The table of docs/quality.md for one checkpoint: float, round-to-nearest, the reference pipeline and what an item gets by default, at several widths.</summary>
internal sealed class QualityTableBenchmark : IBenchmark
{
    public Command CreateCommand()
    {
        var model = new Option<DirectoryInfo>("--model") { Required = true, Description = "The checkpoint." };
        var reference = new Option<DirectoryInfo>("--reference") { Required = true, Description = "The folder with the reference pipeline's ids.safetensors and perplexity.json." };
        var forms = new Option<string>("--forms") { DefaultValueFactory = _ => "4;4g128;3;3g128;3g64;2;2g128;2g64;ternary;ternaryg64", Description = "Widths as Modules spells them." };
        var command = new Command("quality-table", "The rows of docs/quality.md for one checkpoint, as Markdown; --json: as one JSON array.") { model, reference, forms };
        command.SetAction(result =>
        {
            var folder = result.GetRequiredValue(reference).FullName;
            var ids = new FileInfo(Path.Combine(folder, "ids.safetensors"));
            using var source = ModelSource.Open(result.GetRequiredValue(model).FullName);
            var sample = new QualitySample(source, TokenIdFile.Read(ids, "calibration_ids"), TokenIdFile.Read(ids, "test_ids"));
            var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "perplexity.json")))!["results"]!.AsArray();
            var rows = new JsonArray();
            foreach (var form in result.GetRequiredValue(forms).Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                var row = Row(result.GetRequiredValue(model).Name, sample, form, expected);
                if (!result.GetValue(Report.Json)) Console.WriteLine(Markdown(row));
                rows.Add(row);
            }
            if (result.GetValue(Report.Json)) Console.WriteLine(rows.ToJsonString());
        });
        return command;
    }

    private static JsonObject Row(string model, QualitySample sample, string form, JsonArray expected)
    {
        var rule = ModuleRules.Parse($"*={form}").Rules[0];
        var (bits, groupSize) = (rule.Bits!.Value, rule.GroupSize ?? -1);
        // As the gptq operators store them.
        var plain = new SolverOptions { Bits = bits, GroupSize = groupSize, ScaleStorage = ScaleStorage.HalfPrecision };
        var usual = plain with { ActOrder = ActOrder.GroupAware, ImportanceWeighted = true };
        var nearest = sample.Uniform(plain with { Method = SolverMethod.Rtn }, 0);
        var alone = sample.Uniform(plain, 0);
        var ours = sample.Uniform(usual, ModelQuantizer.RefinementSweeps);
        var (exact, perplexity) = (EvaluationWindows.Perplexity(sample.Float), EvaluationWindows.Perplexity(ours));
        var reference = Reference(expected, bits, groupSize);
        return new JsonObject
        {
            ["model"] = model,
            ["bits"] = OptionValues.Format(bits),
            ["group"] = groupSize == -1 ? "row" : groupSize.ToString(CultureInfo.InvariantCulture),
            ["bits_per_weight"] = Math.Round(sample.BitsPerWeight(plain), 2),
            ["float"] = exact,
            ["rtn"] = EvaluationWindows.Perplexity(nearest),
            ["rtn_over_float_95"] = QualitySample.IntervalText(sample.Float, nearest),
            ["reference"] = reference,
            ["gptq_alone"] = EvaluationWindows.Perplexity(alone),
            ["gptq_alone_over_float_95"] = QualitySample.IntervalText(sample.Float, alone),
            ["ours"] = perplexity,
            ["ours_over_float_95"] = QualitySample.IntervalText(sample.Float, ours),
            ["gap_by_reference"] = reference is { } value && value - exact > 0.3 ? Math.Round((perplexity - exact) / (value - exact), 2) : null,
        };
    }

    private static double? Reference(JsonArray results, BitWidth bits, int groupSize)
    {
        var match = results.FirstOrDefault(entry =>
        {
            var options = entry!["options"]!.AsObject();
            var others = options.Count - (options.ContainsKey("group") ? 2 : 1) - (options.ContainsKey("trits") ? 1 : 0);
            var width = options.ContainsKey("trits") ? BitWidth.Ternary : (BitWidth)options["bits"]!.GetValue<int>();
            return others == 0 && width == bits && (options["group"]?.GetValue<int>() ?? -1) == groupSize;
        });
        return match?["gptq"]!.GetValue<double>();
    }

    private static string Markdown(JsonObject row)
    {
        string Number(string name) => row[name]?.GetValue<double>().ToString("0.00", CultureInfo.InvariantCulture) ?? "";
        return $"| {row["model"]} | {row["bits"]} | {row["group"]} | {Number("bits_per_weight")} | {Number("float")} | {Number("rtn")} ({row["rtn_over_float_95"]}) | {Number("reference")} "
            + $"| {Number("gptq_alone")} ({row["gptq_alone_over_float_95"]}) | **{Number("ours")}** ({row["ours_over_float_95"]}) | {Number("gap_by_reference")} |";
    }
}
