using System.Text.Json.Nodes;
using Gptq.Tests;

namespace Gptq.Tool.Tests;

public sealed class EvaluateCommandTests(SampleBundle bundle)
{
    [Fact]
    public async Task A_bundle_is_compared_with_its_checkpoint()
    {
        var run = await ToolRun.RunAsync("evaluate", bundle.Directory, "--data", bundle.TextFile, "--window", "64", "--reference", TestPaths.BardOpt, "--json");

        Assert.Equal((0, ""), (run.Exit, run.Error));
        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal((int)json["windows"]! * 63, (int)json["predictedTokens"]!);
        var (perplexity, reference) = ((double)json["perplexity"]!, (double)json["referencePerplexity"]!);
        Assert.InRange(perplexity / reference, 0.8, 1.25);
        Assert.NotEqual(perplexity, reference);
        Assert.InRange((double)json["klDivergence"]!, 1e-5, 0.3);
        Assert.InRange((double)json["top1Agreement"]!, 0.7, 1);

        // The checkpoint alone is measured by the same rule.
        var alone = JsonNode.Parse((await ToolRun.RunAsync("evaluate", TestPaths.BardOpt, "--data", bundle.TextFile, "--window", "64", "--json")).Output)!;
        Assert.Equal(reference, (double)alone["perplexity"]!, 1e-6);
        Assert.Null(alone["klDivergence"]);
    }

    [Fact]
    public async Task Text_names_each_measure()
    {
        var run = await ToolRun.RunAsync("evaluate", bundle.Directory, "--data", bundle.TextFile, "--window", "64", "--reference", bundle.Directory);

        Assert.Matches(@"perplexity +\d+\.\d{4}", run.Output);
        Assert.Matches(@"reference +\d+\.\d{4} \(\+0\.00%\)", run.Output);
        Assert.Matches(@"KL divergence +0\.000000 nats", run.Output);
        Assert.Matches(@"same likeliest token +100\.00%", run.Output);
        Assert.Matches(@"text +\d+ windows of 64 tokens", run.Output);
    }

    [Theory]
    [InlineData("GPTQ1120", "--window", "513")]
    [InlineData("GPTQ6016", "--window", "512")]
    [InlineData("GPTQ2401", "--reference", "no/such/model")]
    public async Task What_does_not_fit_is_told(string code, params string[] options)
    {
        var run = await ToolRun.RunAsync(["evaluate", bundle.Directory, "--data", bundle.TextFile, .. options]);

        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.Contains($" : error {code}: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_is_not_there_is_told()
    {
        var run = await ToolRun.RunAsync("evaluate", bundle.Directory, "--data", "missing.txt");

        Assert.Equal(1, run.Exit);
        Assert.Contains(" : error GPTQ3001: ", run.Error, StringComparison.Ordinal);
    }
}
