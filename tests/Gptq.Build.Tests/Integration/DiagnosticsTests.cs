using Microsoft.Build.Logging.StructuredLogger;

namespace Gptq.Build.Tests.Integration;

/// <summary>Failures, as a person at the command line sees them.</summary>
[Trait("Category", "Integration")]
public sealed class DiagnosticsTests
{
    [Fact]
    public void A_mistake_in_the_project_is_reported_at_its_line_before_anything_runs()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""
            <QuantizeModel Include="models/tiny" Bits="5" />
            <QuantizeModel Include="models/tiny" ModelName="b" GroupSize="100" />
            """);

        var build = solution.Build().Failed();

        Assert.Contains("app.csproj(8,", build.Output, StringComparison.Ordinal);
        Assert.Contains("error GPTQ1001: QuantizeModel 'models/tiny': Bits is '5'", build.Output, StringComparison.Ordinal);
        Assert.Contains("app.csproj(9,", build.Output, StringComparison.Ordinal);
        Assert.Contains("error GPTQ1002", build.Output, StringComparison.Ordinal);
        Assert.Empty(solution.EngineRuns());
        Assert.False(solution.Files.Has("obj/gptq") || solution.Files.Has("bin/Debug/net10.0/models"));
    }

    [Fact]
    public void The_engines_diagnostics_are_the_builds()
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/warns", "print gptq : warning GPTQ3001: The text is short.\nprint gptq: quantize 1/2 block 0");
        solution.AddCheckpoint("models/fails", "print /models/fails/config.json : error GPTQ2101: Unknown architecture.\nexit 1");
        solution.WriteApp("""<QuantizeModel Include="models/warns" />""");

        var warned = solution.Build().Succeeded();
        Assert.Contains("app.csproj(8): warning GPTQ3001: QuantizeModel 'models/warns': The text is short.", warned.Output, StringComparison.Ordinal);
        Assert.Contains("warns: quantize 1/2 block 0", warned.Output, StringComparison.Ordinal);

        solution.WriteApp("""
            <QuantizeModel Include="models/warns" Bits="8" />
            <QuantizeModel Include="models/fails" />
            """);
        var failed = solution.Build("--no-restore", "-p:NoWarn=GPTQ3001").Failed();
        Assert.Contains("/models/fails/config.json : error GPTQ2101: QuantizeModel 'models/fails': Unknown architecture.", failed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("GPTQ3001", failed.Output, StringComparison.Ordinal);
        Assert.False(solution.Files.Has("obj/gptq/fails") || solution.Files.Has("obj/gptq/fails.state"));

        solution.WriteApp("""<QuantizeModel Include="models/warns" Bits="3" />""");
        Assert.Contains("error GPTQ3001", solution.Build("--no-restore", "-p:MSBuildWarningsAsErrors=GPTQ3001").Failed().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("print out of memory\nexit 137", "GPTQ1014", "exit code 137")]
    [InlineData("nomanifest", "GPTQ1016", "manifest.json")]
    public void An_engine_that_breaks_its_word_is_an_error(string script, string code, string words)
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/breaks", script);
        solution.WriteApp("""<QuantizeModel Include="models/breaks" />""");

        var build = solution.Build().Failed();

        Assert.Equal([code], build.Log.FindChildrenRecursive<Error>().Select(error => error.Code).Distinct());
        Assert.Contains(words, build.Diagnostic(code).Text, StringComparison.Ordinal);
        Assert.False(solution.Files.Has("obj/gptq/breaks.state"));
    }

    [Fact]
    public void A_missing_engine_is_named()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");

        var build = solution.Build("-p:GptqEngine=/nowhere/gptq.dll").Failed();

        Assert.Contains("error GPTQ1015", build.Output, StringComparison.Ordinal);
    }
}
