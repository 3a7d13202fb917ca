using System.CommandLine;
using System.Text.Json.Nodes;
using Gptq.Quantization.Checkpoints.Hub;
using Gptq.Quantization.Pipeline;
using Gptq.Tool.Progress;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq pull</c>: downloads a checkpoint into the cache that all Hugging Face tools share, so that builds find it without a network.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "The model on the hub, such as facebook/opt-125m, or an alias such as opt-125m." };
        var revision = new Option<string>("--revision") { Description = "Commit, tag or branch.", DefaultValueFactory = _ => "main" };
        var endpoint = new Option<Uri>("--endpoint")
        {
            Description = "The hub or a mirror of it [default: HF_ENDPOINT, else https://huggingface.co].",
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "https" or "http") return address;
                result.AddError($"'{result.Tokens[0].Value}' is no address such as https://huggingface.co.");
                return null;
            },
        };
        var cache = new Option<string>("--hub-cache") { Description = "The cache of Hugging Face tools [default: HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub]." };
        var json = new Option<bool>("--json") { Description = "JSON instead of text, and no progress." };
        var command = new Command("pull", "Downloads a checkpoint, or what is missing of it. HF_TOKEN is sent to the hub for private and gated models.")
        {
            model, revision, endpoint, cache, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            var options = HubOptions.FromEnvironment();
            options = options with { Endpoint = result.GetValue(endpoint) ?? options.Endpoint, CacheDirectory = result.GetValue(cache) is { } path ? Path.GetFullPath(path) : options.CacheDirectory };
            Task<string> Pull(IProgress<HubProgress>? progress) =>
                HubClient.DownloadAsync(result.GetRequiredValue(model), result.GetRequiredValue(revision), options, progress, cancellation);

            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
                output.WriteLine(new JsonObject { ["model"] = result.GetValue(model), ["directory"] = await Pull(null).ConfigureAwait(false) }.ToJsonString());
            else
                output.WriteLine(await TerminalProgress.RunAsync(plain: false, reporter => Pull(new DownloadProgress(reporter))).ConfigureAwait(false));
            return ExitCodes.Done;
        });
        return command;
    }
}
