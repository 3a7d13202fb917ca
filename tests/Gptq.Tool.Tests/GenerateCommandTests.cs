using System.Text.Json.Nodes;
using Gptq.Runtime;

namespace Gptq.Tool.Tests;

public sealed class GenerateCommandTests(SampleBundle bundle)
{
    private const string Prompt = "KING RICHARD:";

    [Fact]
    public async Task The_text_is_the_models()
    {
        using var model = QuantizedModel.Open(bundle.Directory);
        var expected = string.Concat(model.Generate(Prompt, new GenerationOptions { MaxNewTokens = 12 }));

        var run = await ToolRun.RunAsync("generate", bundle.Directory, "--prompt", Prompt, "--max-tokens", "12");

        Assert.Equal((0, Prompt + expected + Environment.NewLine, ""), (run.Exit, run.Output, run.Error));
    }

    [Fact]
    public async Task A_seed_draws_the_same_text_each_time()
    {
        async Task<string> Text(params string[] options) =>
            (string)JsonNode.Parse((await ToolRun.RunAsync(["generate", bundle.Directory, "--prompt", Prompt, "--max-tokens", "12", "--json", .. options])).Output)!["text"]!;

        var first = await Text("--seed", "7");
        Assert.Equal(first, await Text("--seed", "7", "--temperature", "1"));
        Assert.NotEqual(first, await Text());
        // The one likeliest token is what no temperature draws otherwise.
        Assert.Equal(await Text(), await Text("--top-k", "1", "--temperature", "2"));
    }

    [Fact]
    public async Task An_empty_prompt_is_told()
    {
        var run = await ToolRun.RunAsync("generate", bundle.Directory, "--prompt", "");

        Assert.Equal(1, run.Exit);
        Assert.StartsWith($"{bundle.Directory} : error GPTQ1120: --prompt", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_a_model_is_told_once()
    {
        var run = await ToolRun.RunAsync("generate", Path.GetTempPath(), "--prompt", Prompt);

        Assert.Equal(1, run.Exit);
        Assert.Matches(@"^\S+ : error GPTQ6010: There is no genai_config\.json", run.Error);
    }
}
