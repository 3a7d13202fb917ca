using System.Text.Json.Nodes;
using Gptq.Tests;

namespace Gptq.Tool.Tests;

public sealed class InspectCommandTests(SampleBundle bundle)
{
    [Fact]
    public async Task A_bundle_shows_options_layers_and_sizes()
    {
        var run = await ToolRun.RunAsync("inspect", bundle.Directory);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Matches(@"bits +4 ", run.Output);
        Assert.Matches(@"symmetric +false ", run.Output);
        Assert.Matches(@"model\.decoder\.layers\.4\.fc2 +256×1024 +4g128 +\d\.\d{2}e[+-]\d+ +0\.\d{3}", run.Output);
        Assert.Matches(@"model\.onnx\.data +4\.8 MB", run.Output);
        Assert.Contains("30 layers of 3.9 M weights", run.Output, StringComparison.Ordinal);
        Assert.All(run.Output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }

    [Fact]
    public async Task A_bundle_as_json_is_its_description()
    {
        var json = JsonNode.Parse((await ToolRun.RunAsync("inspect", bundle.Directory, "--json")).Output)!;

        Assert.Equal("bundle", (string?)json["kind"]);
        Assert.Equal(new DirectoryInfo(bundle.Directory).EnumerateFiles().Sum(file => file.Length), (long)json["bytes"]!);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(bundle.Directory, "quantization.json"), TestContext.Current.CancellationToken)), json["quantization"]));
    }

    [Fact]
    public async Task A_checkpoint_shows_dimensions_and_linears_once_for_all_blocks()
    {
        var run = await ToolRun.RunAsync("inspect", TestPaths.BardOpt);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("bard-opt: opt, 4.6 M parameters in 84 tensors, 9.2 MB", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"model\.decoder\.layers\.\*\.fc1 +5 +1024×256 +1\.3 M", run.Output);
        Assert.Matches(@"lm_head +1 +2048×256 +524\.3 K", run.Output);
        Assert.Matches(@"F16 +84 +4\.6 M +9\.2 MB", run.Output);
        Assert.All(run.Output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }

    [Fact]
    public async Task A_checkpoint_as_json_lists_all_tensors()
    {
        var json = JsonNode.Parse((await ToolRun.RunAsync("inspect", TestPaths.BardOpt, "--json")).Output)!;

        Assert.Equal(("checkpoint", "opt", 5), ((string?)json["kind"], (string?)json["architecture"], (int)json["blocks"]!));
        Assert.Equal(31, json["linears"]!.AsArray().Count);
        var tensors = json["tensors"]!.AsArray();
        Assert.Equal((long)json["parameters"]!, tensors.Sum(tensor => tensor!["shape"]!.AsArray().Aggregate(1L, (count, extent) => count * (long)extent!)));
        Assert.All(tensors, tensor => Assert.True((long)tensor!["bytes"]! > 0));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"architecture":"opt","operators":null,"calibration":{"text":"x"},"options":{},"layers":[]}""")]
    [InlineData("""{"architecture":"opt","operators":"gptq","calibration":{"text":"x"},"options":{},"layers":[{"name":"a","shape":[1],"bits":"4"}]}""")]
    public async Task A_damaged_description_is_told(string description)
    {
        var folder = Directory.CreateTempSubdirectory("gptq-tool-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "genai_config.json"), "{}", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "quantization.json"), description, TestContext.Current.CancellationToken);

        var run = await ToolRun.RunAsync("inspect", folder);

        Assert.Equal(1, run.Exit);
        Assert.StartsWith($"{Path.Combine(folder, "quantization.json")} : error GPTQ5002: ", run.Error, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
