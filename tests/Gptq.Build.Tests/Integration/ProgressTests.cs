using Microsoft.Build.Logging.StructuredLogger;

namespace Gptq.Build.Tests.Integration;

/// <summary>What people see while the engine works.</summary>
[Trait("Category", "Integration")]
public sealed class ProgressTests
{
    private const string Step = "quantize 3/40 block 4 of 40, about 0:12:00 left";

    // Until the step is on its way to the logger.
    private const string Script = $"print gptq: {Step}\nprint gptq : warning GPTQ3001: The text is short.\nshown";

    [Theory]
    [InlineData("-m:1")]
    [InlineData("-m:4")]
    [InlineData("-m:4 -mt")]
    public void The_terminal_logger_shows_model_phase_block_and_time_left(string nodes)
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/opt-1.3b", Script);
        solution.WriteApp("""<QuantizeModel Include="models/opt-1.3b" />""");

        var build = solution.Build(["-tl:on", .. nodes.Split(' ')]).Succeeded();

        // The logger shows the name of the project that a node is at, and of the target.
        var step = Assert.Single(build.Log.FindChildrenRecursive<Project>(project => project.Name == "opt-1.3b.proj"));
        Assert.Equal(Step, Assert.Single(step.FindChildrenRecursive<Target>()).Name);
        // What the engine says goes the usual ways, after a delay.
        Assert.True(build.Says($"opt-1.3b: {Step}"));
        Assert.True(build.Says("opt-1.3b: quantize "), "The log lacks the time of the phase.");
        Assert.Equal(["GPTQ3001"], build.Codes);
        Assert.True(solution.Files.Has("bin/Debug/net10.0/models/opt-1.3b/model.onnx"));
        Assert.Equal([".used", "opt-1.3b"], Directory.GetDirectories(solution["obj/gptq"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Two_projects_at_once_show_their_steps_and_end()
    {
        using var solution = new TestSolution();
        foreach (var name in (string[])["one", "two"])
        {
            solution.AddCheckpoint($"models/{name}", $"print gptq: quantize 0/2 block 1 of 2\nshown\nprint gptq: write 0/1");
            solution.WriteApp($"""<QuantizeModel Include="../models/{name}" />""", path: $"{name}/{name}.csproj");
        }
        solution.Files.Write("all.slnx", """<Solution><Project Path="one/one.csproj" /><Project Path="two/two.csproj" /></Solution>""");

        var build = solution.Build("all.slnx", "-tl:on", "-m:2").Succeeded();

        foreach (var name in (string[])["one", "two"])
            Assert.NotEmpty(build.Log.FindChildrenRecursive<Target>(target => target.Name == "quantize 0/2 block 1 of 2" && target.Project.Name == $"{name}.proj"));
    }

    [Theory]
    [InlineData("-m:1", false)]
    [InlineData("-m:2", false)]
    [InlineData("-m:2", true)]
    public void Target_frameworks_that_wait_for_the_one_that_shows_steps_are_no_deadlock(string nodes, bool fails)
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/slow", "print gptq: quantize 0/2 block 1 of 2\nshown" + (fails ? "\nprint error GPTQ4001: No.\nexit 1" : ""));
        solution.Files.Write("lib.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;netstandard2.1;net10.0</TargetFrameworks>
              </PropertyGroup>
              <ItemGroup>
                <QuantizeModel Include="models/slow" />
              </ItemGroup>
            </Project>
            """);

        var build = solution.Build("-tl:on", nodes);

        Assert.Equal(fails, build.ExitCode != 0);
        if (!fails) Assert.Single(solution.EngineRuns());
    }

    [Fact]
    public void A_failure_is_the_same_with_the_terminal_logger()
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/fails", "print gptq: quantize 0/2\nprint /models/fails/config.json : error GPTQ2101: Unknown architecture.\nexit 1");
        solution.WriteApp("""<QuantizeModel Include="models/fails" />""");

        var build = solution.Build("-tl:on").Failed();

        Assert.Equal(["GPTQ2101"], build.Codes);
        Assert.Contains("Unknown architecture.", build.Output, StringComparison.Ordinal);
        Assert.False(solution.Files.Has("obj/gptq/fails.state"));
    }

    [Theory]
    [InlineData("-tl:off")]
    [InlineData("-tl:on -graph")]
    [InlineData("-tl:on -p:GptqShowProgress=false")]
    public void Elsewhere_lines_say_it(string switches)
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/opt-1.3b", $"print gptq: {Step}");
        solution.WriteApp("""<QuantizeModel Include="models/opt-1.3b" />""");

        var build = solution.Build(switches.Split(' ')).Succeeded();

        Assert.Empty(build.Log.FindChildrenRecursive<Project>(project => project.Name == "opt-1.3b.proj"));
        Assert.True(build.Says($"opt-1.3b: {Step}"));
    }
}
