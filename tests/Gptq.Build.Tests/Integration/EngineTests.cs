using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Build.Logging.StructuredLogger;

namespace Gptq.Build.Tests.Integration;

/// <summary>The build with the engine itself, on the checkpoint that ships with the samples.</summary>
[Trait("Category", "Integration")]
public sealed class EngineTests
{
    [Fact]
    public void Options_reach_the_result_and_a_second_project_takes_it_from_the_cache()
    {
        using var solution = RealEngine.Solution();
        solution.WriteApp($"""
            <QuantizeModel Include="checkpoint" ModelName="bard-3bit" Bits="3" GroupSize="64" Symmetric="true" {RealEngine.Quick} />
            <QuantizeModel Include="checkpoint" ModelName="bard-8bit" Bits="8" GroupSize="-1" Modules="*.fc2=4g32" {RealEngine.Quick} />
            """);

        RealEngine.Build(solution).Succeeded();

        using var options = JsonDocument.Parse(File.ReadAllText(solution["bin/Debug/net10.0/models/bard-3bit/quantization.json"]));
        var written = options.RootElement.GetProperty("options");
        Assert.Equal(
            ("3", 64, true, 4, 64, 3),
            (written.GetProperty("bits").GetString(), written.GetProperty("group_size").GetInt32(), written.GetProperty("symmetric").GetBoolean(),
                written.GetProperty("calibration_samples").GetInt32(), written.GetProperty("sequence_length").GetInt32(), written.GetProperty("seed").GetInt32()));
        Assert.True(solution.Files.Has("bin/Debug/net10.0/models/bard-8bit/model.onnx"));
        var first = File.ReadAllBytes(solution["bin/Debug/net10.0/models/bard-3bit/model.onnx.data"]);

        solution.Dotnet("clean").Succeeded();
        RealEngine.Build(solution).Succeeded();
        Assert.Equal(first, File.ReadAllBytes(solution["bin/Debug/net10.0/models/bard-3bit/model.onnx.data"]));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("truncated")]
    [InlineData("unknown architecture")]
    public void A_checkpoint_that_can_not_be_used_is_a_coded_error_and_leaves_nothing(string trouble)
    {
        using var solution = RealEngine.Solution();
        if (trouble == "truncated") File.WriteAllBytes(solution["checkpoint/model.safetensors"], File.ReadAllBytes(solution["checkpoint/model.safetensors"])[..100_000]);
        if (trouble == "unknown architecture")
            File.WriteAllText(solution["checkpoint/config.json"], File.ReadAllText(solution["checkpoint/config.json"]).Replace("OPTForCausalLM", "EliForCausalLM", StringComparison.Ordinal).Replace("\"opt\"", "\"eli\"", StringComparison.Ordinal));
        solution.WriteApp($"""<QuantizeModel Include="{(trouble == "missing" ? "nobody/nothing" : "checkpoint")}" {RealEngine.Quick} />""", "<GptqDownload>false</GptqDownload>");

        var build = RealEngine.Build(solution).Failed();

        var errors = build.Log.FindChildrenRecursive<Error>();
        var error = Assert.Single(errors.DistinctBy(found => found.Text));
        Assert.Matches("^GPTQ2[0-9]{3}$", error.Code);
        Assert.False(Directory.EnumerateDirectories(solution["obj/gptq"]).Any(directory => Path.GetFileName(directory) != ".used"), "Something partial was left.");
        Assert.False(solution.Files.Has("bin/Debug/net10.0/models"));
    }

    [Fact]
    public void A_model_in_the_hugging_face_cache_needs_no_hub()
    {
        using var solution = new TestSolution();
        // Where BuildRun says that the cache is, and a hub that nobody answers at.
        var model = Path.Combine(solution.Files.Beside, "hub", "hub", "models--example--bard");
        RealEngine.CopyCheckpoint(Path.Combine(model, "snapshots", "0123456789abcdef0123456789abcdef01234567"));
        Directory.CreateDirectory(Path.Combine(model, "refs"));
        File.WriteAllText(Path.Combine(model, "refs", "main"), "0123456789abcdef0123456789abcdef01234567");
        solution.Environment["HF_ENDPOINT"] = "http://127.0.0.1:9";
        solution.WriteApp($"""<QuantizeModel Include="example/bard" {RealEngine.Quick} />""");

        RealEngine.Build(solution).Succeeded();

        Assert.True(solution.Files.Has("bin/Debug/net10.0/models/bard/model.onnx"));
        Assert.False(solution.Build(["--no-restore", .. RealEngine.Switches(solution)]).Succeeded().Ran("RunQuantization"));
    }

    [Theory]
    [InlineData("HF_ENDPOINT", "http://127.0.0.1:9", "GPTQ2406")]
    [InlineData("HF_HUB_OFFLINE", "1", "GPTQ2402")]
    public void A_model_that_is_nowhere_near_is_an_error_when_the_hub_can_not_be_asked(string variable, string value, string code)
    {
        using var solution = new TestSolution();
        solution.Environment[variable] = value;
        solution.WriteApp("""<QuantizeModel Include="example/bard" />""");

        var build = RealEngine.Build(solution).Failed();

        Assert.Contains($"app.csproj(8): error {code}: QuantizeModel 'example/bard': ", build.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_engine_does_not_outlive_the_build()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The engine's process is found in /proc.");
        using var solution = RealEngine.Solution();
        solution.WriteApp("""<QuantizeModel Include="checkpoint" CalibrationSamples="512" />""");
        solution.Dotnet("restore").Succeeded();
        var build = solution.Start(["build", "--no-restore", .. RealEngine.Switches(solution)]);

        SpinWait.SpinUntil(() => Engine(build) is not null || build.HasEnded, TimeSpan.FromMinutes(2));
        using var engine = Engine(build) ?? throw new InvalidOperationException("The engine did not start: " + build.Output);
        using (var kill = Process.Start("kill", ["-TERM", build.ProcessId.ToString(CultureInfo.InvariantCulture)])) kill.WaitForExit();

        Assert.True(engine.WaitForExit(TimeSpan.FromSeconds(30)), "The engine goes on.");
        build.WaitForEnd();
        Assert.False(solution.Files.Has("obj/gptq/checkpoint"));
    }

    private static Process? Engine(BuildRun build)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                var command = File.ReadAllText(folder + "/cmdline");
                // After the command's name in parentheses: state, parent.
                var parent = File.ReadAllText(folder + "/stat").Split(')').Last().Split(' ')[2];
                if (command.Contains("gptq.dll", StringComparison.Ordinal) && parent == build.ProcessId.ToString(CultureInfo.InvariantCulture))
                    return Process.GetProcessById(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // A process that ended meanwhile.
            }
        }
        return null;
    }
}
