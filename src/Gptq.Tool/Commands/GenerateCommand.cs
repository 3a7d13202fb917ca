using System.CommandLine;
using System.Text.Json.Nodes;
using Gptq.Quantization;
using Gptq.Runtime;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq generate</c>: continues a text, printing it as it comes.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var bundle = ModelArguments.Bundle();
        var prompt = new Option<string>("--prompt") { HelpName = "text", Description = "The text to continue.", Required = true };
        var maxTokens = ModelArguments.Whole("--max-tokens", "The most tokens to generate [default: 256].", least: 1);
        var temperature = ModelArguments.Number(
            "--temperature", "What logits are divided by; 0 takes the likeliest token [default: the model's; 1 with --top-k, --top-p or --seed].",
            value => value >= 0 && float.IsFinite(value), "a number of at least 0");
        var topK = ModelArguments.Whole("--top-k", "Draw from so many of the likeliest tokens only; 0 for all.", least: 0);
        var topP = ModelArguments.Number("--top-p", "Draw from the likeliest tokens that reach this probability together only.", value => value is > 0 and <= 1, "a number above 0 and at most 1");
        var seed = ModelArguments.Whole("--seed", "Makes the text the same each time.", least: int.MinValue);
        var threads = ModelArguments.Threads();
        var json = ModelArguments.Json();
        var command = new Command("generate", "Continues a text with a quantized model, printing it as it comes.")
        {
            bundle, prompt, maxTokens, temperature, topK, topP, seed, threads, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            using var model = QuantizedModel.Open(Path.GetFullPath(result.GetRequiredValue(bundle)), new QuantizedModelOptions { Threads = result.GetValue(threads) });
            var text = result.GetRequiredValue(prompt);
            if (model.Tokenize(text).Length == 0)
                throw new GptqException("GPTQ1120", "--prompt is empty, and the model's tokenizer puts nothing before it: there is nothing to continue. Give a text.", model.Path);

            var defaults = model.DefaultOptions;
            var draws = result.GetValue(topK) ?? result.GetValue(topP) ?? (float?)result.GetValue(seed);
            var options = defaults with
            {
                MaxNewTokens = result.GetValue(maxTokens) ?? defaults.MaxNewTokens,
                Temperature = result.GetValue(temperature) ?? (draws is not null && defaults.Temperature == 0 ? 1 : defaults.Temperature),
                TopK = result.GetValue(topK) ?? defaults.TopK,
                TopP = result.GetValue(topP) ?? defaults.TopP,
                Seed = result.GetValue(seed),
            };
            var output = result.InvocationConfiguration.Output;
            var continuation = model.GenerateAsync(text, options, cancellation);
            if (result.GetValue(json))
            {
                var parts = await continuation.ToListAsync(cancellation).ConfigureAwait(false);
                output.WriteJson(new JsonObject { ["model"] = model.Path, ["prompt"] = text, ["text"] = string.Concat(parts) });
                return ExitCodes.Done;
            }
            output.Write(text);
            await foreach (var part in continuation.ConfigureAwait(false))
            {
                output.Write(part);
                output.Flush();
            }
            output.WriteLine();
            return ExitCodes.Done;
        });
        return command;
    }
}
