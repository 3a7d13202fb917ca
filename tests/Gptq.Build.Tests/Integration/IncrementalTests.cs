namespace Gptq.Build.Tests.Integration;

/// <summary>One project through its life: what runs again, and what does not.</summary>
[Trait("Category", "Integration")]
public sealed class IncrementalTests
{
    private const string Two = """
        <QuantizeModel Include="models/tiny" CalibrationData="text.txt" />
        <QuantizeModel Include="models/other" Bits="3" GroupSize="64" />
        """;

    private const string Output = "bin/Debug/net10.0/models/";

    [Fact]
    public void Exactly_what_changed_is_quantized_again()
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/other");
        solution.Files.Write("text.txt", "To be, or not to be");
        solution.WriteApp(Two);

        solution.Build().Succeeded();
        var first = solution.EngineRuns();
        Assert.Equal(["tiny", "other"], first.Select(run => run["--name"]));
        Assert.Equal(("4", solution["text.txt"]), (first[0]["--bits"], first[0]["--calibration-data"]));
        Assert.Equal(("3", "64"), (first[1]["--bits"], first[1]["--group-size"]));
        Assert.True(solution.Files.Has(Output + "tiny/model.onnx") && solution.Files.Has(Output + "other/tokenizer/vocab.json"));
        Assert.False(solution.Files.Has(Output + "tiny/report.html"), "A file that the manifest does not name was copied.");
        solution.NewEngineRuns();

        // Nothing changed: nothing runs, nothing is written.
        var before = solution.Files.Snapshot();
        var second = solution.Build("--no-restore").Succeeded();
        Assert.False(second.Ran("RunQuantization"));
        Assert.Equal(before, solution.Files.Snapshot());

        solution.Files.Write("text.txt", "That is the question");
        solution.Files.Write("models/tiny/README.md", "No tensor in here");
        solution.Build("--no-restore").Succeeded();
        Assert.Equal(["tiny"], solution.NewEngineRuns());

        solution.WriteApp(Two.Replace("Bits=\"3\"", "Bits=\"8\"", StringComparison.Ordinal));
        var optionChanged = solution.Build("--no-restore").Succeeded();
        Assert.Equal(["other"], solution.NewEngineRuns());
        Assert.Contains("other: quantizing, Bits changed.", optionChanged.Output, StringComparison.Ordinal);
        Assert.Contains("\"8\"", File.ReadAllText(solution[Output + "other/model.onnx"]), StringComparison.Ordinal);

        solution.Files.Write("models/other/model.safetensors", "other weights");
        File.Delete(solution["obj/gptq/tiny/model.onnx"]);
        solution.Build("--no-restore").Succeeded();
        Assert.Equal(["tiny", "other"], solution.NewEngineRuns());

        // An item that goes takes its files with it.
        solution.WriteApp("""<QuantizeModel Include="models/tiny" CalibrationData="text.txt" />""");
        solution.Build("--no-restore").Succeeded();
        Assert.Empty(solution.NewEngineRuns());
        Assert.False(solution.Files.Has("obj/gptq/other") || solution.Files.Has("obj/gptq/other.state") || solution.Files.Has(Output + "other"));
        Assert.True(solution.Files.Has(Output + "tiny/model.onnx"));

        solution.Dotnet("clean").Succeeded();
        Assert.False(solution.Files.Has("obj/gptq") || solution.Files.Has("bin/Debug/net10.0/models"));

        solution.Build("-t:Rebuild").Succeeded();
        Assert.Equal(["tiny"], solution.NewEngineRuns());
        Assert.True(solution.Files.Has(Output + "tiny/model.onnx"));
    }

    [Fact]
    public void A_result_older_than_the_one_it_replaces_is_still_copied()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");
        solution.Build().Succeeded();
        // As from a cache: another content of the same length would do too, the time alone tells.
        var model = solution["obj/gptq/tiny/model.onnx"];
        File.WriteAllText(model, File.ReadAllText(model).Replace("\"4\"", "\"2\"", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(model, DateTime.UtcNow.AddYears(-1));

        solution.Build("--no-restore").Succeeded();

        Assert.Equal(File.ReadAllText(model), File.ReadAllText(solution[Output + "tiny/model.onnx"]));
    }

    [Fact]
    public void A_checkpoint_that_only_the_engine_finds_is_remembered_by_what_it_read()
    {
        using var solution = new TestSolution();
        solution.Files.Write("hub/opt-125m/config.json", "{}");
        solution.WriteApp("""<QuantizeModel Include="facebook/opt-125m" />""");

        solution.Build().Succeeded();
        Assert.Equal("facebook/opt-125m", Assert.Single(solution.EngineRuns())["--model"]);
        solution.Build("--no-restore").Succeeded();
        Assert.Single(solution.EngineRuns());

        solution.Files.Write("hub/opt-125m/config.json", "{ }");
        solution.Build("--no-restore").Succeeded();
        Assert.Equal(2, solution.EngineRuns().Count);
    }

    [Fact]
    public void Skipping_quantizes_nothing_and_ships_what_there_is()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");
        solution.Build("-p:SkipQuantizeModels=true").Succeeded();
        Assert.Empty(solution.EngineRuns());
        Assert.False(solution.Files.Has("obj/gptq"));

        solution.Build("--no-restore").Succeeded();
        solution.Build("--no-restore", "-p:SkipQuantizeModels=true", "-p:GptqBits=8", "-p:OutputPath=out/").Succeeded();
        Assert.Single(solution.EngineRuns());
        Assert.True(solution.Files.Has("out/models/tiny/model.onnx"));
    }
}
