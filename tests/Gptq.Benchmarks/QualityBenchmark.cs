using System.CommandLine;
using Gptq.Quantization;
using Gptq.Quantization.Allocation;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Tokenizers;

namespace Gptq.Benchmarks;

/// <summary>
/// Perplexity of one checkpoint at one setting: float, round-to-nearest, and what the solver makes of it, with an interval from resampling
/// the test windows.
/// </summary>
internal sealed class QualityBenchmark : IBenchmark
{
    public Command CreateCommand()
    {
        var model = new Option<DirectoryInfo>("--model") { Required = true, Description = "The checkpoint." };
        var ids = new Option<FileInfo>("--ids") { Description = "A safetensors file with calibration_ids and test_ids, in place of the texts." };
        var calibration = new Option<FileInfo>("--calibration") { Description = "The calibration text: its first tokens are taken, as the reference pipeline does." };
        var test = new Option<FileInfo>("--test") { Description = "The test text." };
        var samples = new Option<int>("--samples") { DefaultValueFactory = _ => 64 };
        var length = new Option<int>("--length") { DefaultValueFactory = _ => 256, Description = "Tokens of a sequence and of a test window." };
        var bits = new Option<string>("--bits") { DefaultValueFactory = _ => "4" };
        var groupSize = new Option<int>("--group-size") { DefaultValueFactory = _ => 128 };
        var actOrder = new Option<string>("--act-order") { DefaultValueFactory = _ => "none" };
        var symmetric = new Option<bool>("--symmetric");
        var mse = new Option<bool>("--mse-search");
        var importance = new Option<bool>("--importance");
        var fullRange = new Option<bool>("--full-range");
        var sequential = new Option<bool>("--true-sequential");
        var method = new Option<string>("--method") { DefaultValueFactory = _ => "gptq" };
        var damp = new Option<double>("--damp") { DefaultValueFactory = _ => 0.01 };
        var sweeps = new Option<int>("--sweeps") { DefaultValueFactory = _ => 0, Description = "Passes that refine codes and scales." };
        var target = new Option<double?>("--target") { Description = "Bits a weight: widths are chosen layer by layer, --bits does not count, --group-size is the largest group." };
        var command = new Command("quality", "Perplexity: float, round-to-nearest, and the solver.")
        {
            model, ids, calibration, test, samples, length, bits, groupSize, actOrder, symmetric, mse, importance, fullRange, sequential, method, damp, sweeps, target,
        };
        command.SetAction(result =>
        {
            using var source = ModelSource.Open(result.GetRequiredValue(model).FullName);
            var tokens = result.GetValue(length);
            var given = result.GetValue(ids);
            var calibrationIds = given is null ? [.. Cut(source.Tokenizer, result.GetRequiredValue(calibration), tokens).Take(result.GetValue(samples))] : TokenIdFile.Read(given, "calibration_ids");
            var windows = given is null ? Cut(source.Tokenizer, result.GetRequiredValue(test), tokens) : TokenIdFile.Read(given, "test_ids");
            var options = new SolverOptions
            {
                Bits = OptionValues.TryParseBits(result.GetValue(bits)) ?? throw new ArgumentException("--bits"),
                GroupSize = result.GetValue(groupSize),
                ActOrder = OptionValues.TryParseActOrder(result.GetValue(actOrder)) ?? throw new ArgumentException("--act-order"),
                Symmetric = result.GetValue(symmetric),
                FullRangeSymmetric = result.GetValue(fullRange),
                MseSearch = result.GetValue(mse),
                ImportanceWeighted = result.GetValue(importance),
                Method = OptionValues.TryParseMethod(result.GetValue(method)) ?? throw new ArgumentException("--method"),
                Damp = result.GetValue(damp),
                // As the gptq operators store them.
                ScaleStorage = ScaleStorage.HalfPrecision,
            };
            var sample = new QualitySample(source, calibrationIds, windows);
            var nearest = sample.Uniform(options with { Method = SolverMethod.Rtn }, 0);
            IReadOnlyDictionary<string, LayerForm>? forms = null;
            var ours = result.GetValue(target) is { } average
                ? sample.Allocated(options, result.GetValue(sweeps), average, out forms)
                : sample.Uniform(options, result.GetValue(sweeps), result.GetValue(sequential));
            var report = new Report()
                .Add("float", EvaluationWindows.Perplexity(sample.Float))
                .Add("rtn", EvaluationWindows.Perplexity(nearest))
                .Add("ours", EvaluationWindows.Perplexity(ours))
                .Add("ours_over_float_95", QualitySample.IntervalText(sample.Float, ours))
                .Add("bits_per_weight", sample.BitsPerWeight(options, forms));
            if (forms is not null) report.Add("forms", string.Join(", ", forms.GroupBy(form => form.Value.ToString()).OrderBy(form => form.Key, StringComparer.Ordinal).Select(form => $"{form.Count()} x {form.Key}")));
            report.Write(result);
        });
        return command;
    }

    private static IReadOnlyList<int[]> Cut(Tokenizer tokenizer, FileInfo file, int length)
    {
        var prefix = tokenizer.Encode("", addSpecialTokens: true);
        var ids = tokenizer.Encode(File.ReadAllText(file.FullName), addSpecialTokens: false);
        return [.. EvaluationWindows.Cut(ids, length - prefix.Length).Select(window => prefix.Concat(window).ToArray())];
    }
}
