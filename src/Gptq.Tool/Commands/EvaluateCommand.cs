using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Gptq.Quantization;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Pipeline;
using Gptq.Runtime;
using Gptq.Tool.Models;
using Gptq.Tool.Progress;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq evaluate</c>: perplexity on a text, and how far a model is from the one it was made of, measured through the graphs that ship.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var bundle = new Argument<string>("bundle") { Description = "The folder of a quantized model, or a checkpoint to measure as it is." };
        var data = new Option<string>("--data") { HelpName = "text", Description = "The text: a .txt file, a .jsonl file with a text field, or a folder of them.", Required = true };
        var window = ModelArguments.Whole("--window", "Tokens that the model sees at once [default: the smaller of 2048 and what it takes].", least: 2);
        var reference = new Option<string>("--reference") { HelpName = "model", Description = "What to compare with: the checkpoint it was made of, or another bundle." };
        var threads = ModelArguments.Threads();
        var json = ModelArguments.Json();
        var command = new Command("evaluate", "Measures perplexity on a text, and KL divergence and top-1 agreement with a reference.")
        {
            bundle, data, window, reference, threads, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            var text = string.Join("\n\n", CalibrationCorpus.Read(Path.GetFullPath(result.GetRequiredValue(data))).Documents);
            var options = new QuantizedModelOptions { Threads = result.GetValue(threads) };
            using var model = OpenedModel.Open(await ModelFolder.FindAsync(result.GetRequiredValue(bundle), cancellation).ConfigureAwait(false), options, cancellation);
            using var other = result.GetValue(reference) is { } path
                ? OpenedModel.Open(await ModelFolder.FindAsync(path, cancellation).ConfigureAwait(false), options, cancellation)
                : null;
            var length = WindowOf(result.GetValue(window), model.Model, other?.Model);
            EvaluationResult Evaluate(IProgress<PipelineProgress>? progress) =>
                model.Model.Evaluate(text, length, other?.Model, progress is null ? null : new EvaluationSteps(progress), cancellation);
            var quality = result.GetValue(json) || !TerminalProgress.IsTerminal ? Evaluate(null) : await TerminalProgress.RunAsync(plain: false, progress => Task.Run(() => Evaluate(progress))).ConfigureAwait(false);
            if (result.GetValue(json)) result.InvocationConfiguration.Output.WriteJson(ToJson(quality, length));
            else result.InvocationConfiguration.Output.WriteLine(ToText(quality, length));
            return ExitCodes.Done;
        });
        return command;
    }

    private static int WindowOf(int? asked, QuantizedModel model, QuantizedModel? reference)
    {
        var most = Math.Min(model.ContextLength, reference?.ContextLength ?? int.MaxValue);
        return asked > most
            ? throw new GptqException("GPTQ1120", $"--window is {asked}, but the model takes {most} tokens at once. Give at most {most}.", model.Path)
            : asked ?? Math.Min(2048, most);
    }

    private static string ToText(EvaluationResult quality, int window)
    {
        var lines = new List<FormattableString> { $"perplexity            {quality.Perplexity:0.0000}" };
        if (quality.ReferencePerplexity is { } reference)
        {
            lines.Add($"reference             {reference:0.0000} ({quality.Perplexity / reference - 1:+0.00%;-0.00%})");
            lines.Add($"KL divergence         {quality.KlDivergence:0.000000} nats");
            lines.Add($"same likeliest token  {quality.Top1Agreement:0.00%}");
        }
        lines.Add($"text                  {quality.Windows} windows of {window} tokens, {quality.PredictedTokens} predicted");
        return string.Join(Environment.NewLine, lines.Select(line => line.ToString(CultureInfo.InvariantCulture)));
    }

    private static JsonObject ToJson(EvaluationResult quality, int window)
    {
        var json = new JsonObject { ["perplexity"] = quality.Perplexity };
        if (quality.ReferencePerplexity is { } reference)
        {
            json["referencePerplexity"] = reference;
            json["klDivergence"] = quality.KlDivergence;
            json["top1Agreement"] = quality.Top1Agreement;
        }
        json["window"] = window;
        json["windows"] = quality.Windows;
        json["predictedTokens"] = quality.PredictedTokens;
        return json;
    }
}
