using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Gptq.Quantization;
using Gptq.Runtime;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq bench</c>: how fast a model reads a prompt and writes a text on this machine.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var bundle = ModelArguments.Bundle();
        var promptTokens = ModelArguments.Whole("--prompt-tokens", "Tokens of the prompt [default: 128].", least: 1);
        var tokens = ModelArguments.Whole("--tokens", "Tokens to generate, one after another [default: 32].", least: 2);
        var runs = ModelArguments.Whole("--runs", "How often to measure, behind one run that does not count [default: 5].", least: 1);
        var threads = ModelArguments.Threads();
        var json = ModelArguments.Json();
        var command = new Command("bench", "Measures tokens per second, for the prompt and for the text: the median of several runs.")
        {
            bundle, promptTokens, tokens, runs, threads, json,
        };
        command.SetAction((result, cancellation) =>
        {
            using var model = QuantizedModel.Open(Path.GetFullPath(result.GetRequiredValue(bundle)), new QuantizedModelOptions { Threads = result.GetValue(threads) });
            var (prompt, text, count) = (result.GetValue(promptTokens) ?? 128, result.GetValue(tokens) ?? 32, result.GetValue(runs) ?? 5);
            if ((long)prompt + text > model.ContextLength)
            {
                throw new GptqException(
                    "GPTQ1120", $"--prompt-tokens and --tokens are {(long)prompt + text} together, but the model takes {model.ContextLength}. Give smaller ones.", model.Path);
            }
            var speed = Measure(model, prompt, text, count, cancellation);
            if (result.GetValue(json)) result.InvocationConfiguration.Output.WriteJson(speed.ToJson());
            else result.InvocationConfiguration.Output.WriteLine(speed.ToText());
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static Speed Measure(QuantizedModel model, int promptTokens, int tokens, int runs, CancellationToken cancellation)
    {
        // The ids do not matter to the speed; a fixed seed makes the runs of a day compare with those of another.
        var random = new Random(0);
        var prompt = Enumerable.Range(0, promptTokens).Select(_ => random.Next(model.VocabularySize)).ToArray();
        var options = new GenerationOptions { MaxNewTokens = tokens, IgnoreEnd = true };
        var (first, rest) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var run = 0; run <= runs; run++)
        {
            var clock = Stopwatch.StartNew();
            TimeSpan? read = null;
            foreach (var _ in model.GenerateIds(prompt, options, cancellation)) read ??= clock.Elapsed;
            if (run == 0) continue;
            first.Add(read!.Value);
            rest.Add(clock.Elapsed - read.Value);
        }
        return new Speed(promptTokens, tokens, runs, Median(first), Median(rest));
    }

    private static TimeSpan Median(List<TimeSpan> times)
    {
        times.Sort();
        return (times[(times.Count - 1) / 2] + times[times.Count / 2]) / 2;
    }

    /// <param name="PromptTokens">Tokens of the prompt.</param>
    /// <param name="Tokens">Tokens that were generated.</param>
    /// <param name="Runs">Runs that the medians are of.</param>
    /// <param name="First">Until the first token: the time of the prompt.</param>
    /// <param name="Rest">From the first token to the last.</param>
    private sealed record Speed(int PromptTokens, int Tokens, int Runs, TimeSpan First, TimeSpan Rest)
    {
        private double Prompt => PromptTokens / First.TotalSeconds;

        private double Decode => (Tokens - 1) / Rest.TotalSeconds;

        public string ToText() => string.Join(
            Environment.NewLine,
            string.Create(CultureInfo.InvariantCulture, $"prompt  {Prompt,9:0.0} tokens/s   {PromptTokens} tokens, the first answer after {First.TotalMilliseconds:0.0} ms"),
            string.Create(CultureInfo.InvariantCulture, $"decode  {Decode,9:0.0} tokens/s   {Tokens} tokens, {Rest.TotalMilliseconds / (Tokens - 1):0.00} ms each"),
            $"median of {Runs} runs");

        public JsonObject ToJson() => new()
        {
            ["promptTokens"] = PromptTokens,
            ["tokens"] = Tokens,
            ["runs"] = Runs,
            ["promptTokensPerSecond"] = Prompt,
            ["decodeTokensPerSecond"] = Decode,
            ["firstTokenMilliseconds"] = First.TotalMilliseconds,
        };
    }
}
