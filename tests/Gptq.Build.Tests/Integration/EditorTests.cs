using System.Text.Json;

namespace Gptq.Build.Tests.Integration;

/// <summary>What editors and scripts ask of a project, and the class they complete.</summary>
[Trait("Category", "Integration")]
public sealed class EditorTests
{
    [Fact]
    public void A_design_time_build_knows_the_class_and_starts_nothing()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");
        solution.Dotnet("restore").Succeeded();

        var build = solution.Dotnet("msbuild", "-t:Compile", "-p:DesignTimeBuild=true", "-p:BuildingInsideVisualStudio=true", "-p:SkipCompilerExecution=true",
            "-p:ProvideCommandLineArgs=true", "-getItem:Compile").Succeeded();

        Assert.Contains("QuantizedModels.g.cs", build.Output, StringComparison.Ordinal);
        Assert.True(solution.Files.Has("obj/Debug/net10.0/QuantizedModels.g.cs"));
        Assert.Empty(solution.EngineRuns());
        Assert.False(solution.Files.Has("obj/gptq"));
    }

    [Fact]
    public void Models_and_inputs_can_be_asked_for()
    {
        using var solution = new TestSolution();
        solution.Files.Write("text.txt", "To be");
        solution.WriteApp("""<QuantizeModel Include="models/tiny" CalibrationData="text.txt" MyNote="kept" />""");

        using var models = JsonDocument.Parse(solution.Dotnet("msbuild", "-getTargetResult:GetQuantizedModels").Succeeded().Output);
        var model = Assert.Single(models.RootElement.GetProperty("TargetResults").GetProperty("GetQuantizedModels").GetProperty("Items").EnumerateArray());
        Assert.Equal(
            ("tiny", "models/tiny", "models/tiny", "false", "kept", "4"),
            (model.GetProperty("Identity").GetString(), model.GetProperty("Checkpoint").GetString(), model.GetProperty("TargetPath").GetString(),
                model.GetProperty("UpToDate").GetString(), model.GetProperty("MyNote").GetString(), model.GetProperty("Bits").GetString()));

        using var inputs = JsonDocument.Parse(solution.Dotnet("msbuild", "-t:_CollectQuantizeModelInputs;_CollectQuantizeModelOutputs", "-getItem:UpToDateCheckInput",
            "-getItem:UpToDateCheckOutput").Succeeded().Output);
        var items = inputs.RootElement.GetProperty("Items");
        Assert.Equal(
            [solution["models/tiny/config.json"], solution["models/tiny/model.safetensors"], solution["text.txt"]],
            items.GetProperty("UpToDateCheckInput").EnumerateArray().Select(item => item.GetProperty("Identity").GetString()));
        Assert.Equal(solution["obj/gptq/tiny.state"], Assert.Single(items.GetProperty("UpToDateCheckOutput").EnumerateArray()).GetProperty("Identity").GetString());
        Assert.Empty(solution.EngineRuns());
    }

    [Fact]
    public void The_class_leads_to_the_model_and_a_typo_does_not_compile()
    {
        using var solution = new TestSolution();
        const string Item = """<QuantizeModel Include="models/tiny" TargetPath="data/the tiny one" />""";
        solution.WriteApp(Item, program: "System.Console.Write(System.IO.File.Exists(System.IO.Path.Combine(app.QuantizedModels.Tiny.Path, \"model.onnx\")) + app.QuantizedModels.Tiny.Bits);");
        solution.Build().Succeeded();
        Assert.Contains("True4", solution.Dotnet("bin/Debug/net10.0/app.dll").Succeeded().WaitForOutput("True4"), StringComparison.Ordinal);

        solution.WriteApp(Item, program: "System.Console.Write(app.QuantizedModels.Tony.Path);");
        Assert.Contains("error CS0117", solution.Build("--no-restore").Failed().Output, StringComparison.Ordinal);
        Assert.Single(solution.EngineRuns());

        solution.WriteApp(Item, "<GptqGenerateAccessors>false</GptqGenerateAccessors>", "System.Console.Write(app.QuantizedModels.Tiny.Path);");
        Assert.Contains("error CS0", solution.Build("--no-restore").Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Extension_points_run_around_the_engine()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""
              <QuantizeModel Include="models/tiny" />
            </ItemGroup>
            <Target Name="Before" AfterTargets="BeforeQuantizeModels"><Message Importance="High" Text="before $([System.IO.File]::Exists('engine.log'))" /></Target>
            <Target Name="After" AfterTargets="AfterQuantizeModels"><Message Importance="High" Text="after $([System.IO.File]::Exists('$(MSBuildProjectDirectory)/engine.log'))" /></Target>
            <ItemGroup>
            """);

        var output = solution.Build().Succeeded().Output;

        Assert.Contains("before False", output, StringComparison.Ordinal);
        Assert.Contains("after True", output, StringComparison.Ordinal);
    }
}
