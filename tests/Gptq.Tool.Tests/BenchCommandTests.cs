using System.Text.Json.Nodes;

namespace Gptq.Tool.Tests;

public sealed class BenchCommandTests(SampleBundle bundle)
{
    [Fact]
    public async Task Speeds_are_given_for_prompt_and_text()
    {
        var run = await ToolRun.RunAsync("bench", bundle.Directory, "--prompt-tokens", "16", "--tokens", "4", "--runs", "2");

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Matches(@"prompt +\d+\.\d tokens/s   16 tokens, the first answer after \d+\.\d ms", run.Output);
        Assert.Matches(@"decode +\d+\.\d tokens/s   4 tokens, \d+\.\d\d ms each", run.Output);
        Assert.Contains("median of 2 runs", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Speeds_as_json_can_be_read_by_scripts()
    {
        var json = JsonNode.Parse((await ToolRun.RunAsync("bench", bundle.Directory, "--prompt-tokens", "16", "--tokens", "4", "--runs", "1", "--json")).Output)!;

        Assert.Equal((16, 4, 1), ((int)json["promptTokens"]!, (int)json["tokens"]!, (int)json["runs"]!));
        Assert.Equal(16, (double)json["promptTokensPerSecond"]! * (double)json["firstTokenMilliseconds"]! / 1000, 1e-6);
        Assert.True((double)json["decodeTokensPerSecond"]! > 0);
    }

    [Fact]
    public async Task More_tokens_than_the_model_takes_are_refused()
    {
        var run = await ToolRun.RunAsync("bench", bundle.Directory, "--prompt-tokens", "500", "--tokens", "13");

        Assert.Equal(1, run.Exit);
        Assert.Contains(" : error GPTQ1120: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("512", run.Error, StringComparison.Ordinal);
    }
}
