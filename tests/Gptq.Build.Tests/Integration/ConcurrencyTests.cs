using System.Diagnostics;
using System.Globalization;
using Gptq.Tests;

namespace Gptq.Build.Tests.Integration;

/// <summary>Builds at the same time, and builds that are stopped.</summary>
[Trait("Category", "Integration")]
public sealed class ConcurrencyTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void Two_builds_of_one_checkout_run_the_engine_once()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");
        solution.Dotnet("restore").Succeeded();

        // Two configurations, so that only what Gptq.Build shares is shared, and the compiler's files are not.
        var debug = solution.Start("build", "--no-restore", "-c", "Debug");
        var release = solution.Start("build", "--no-restore", "-c", "Release");
        debug.WaitForEnd().Succeeded();
        release.WaitForEnd().Succeeded();

        Assert.Single(solution.EngineRuns());
        Assert.True(solution.Files.Has("bin/Debug/net10.0/models/tiny/model.onnx") && solution.Files.Has("bin/Release/net10.0/models/tiny/model.onnx"));
    }

    [Theory]
    [InlineData("INT", "-tl:off")]
    [InlineData("TERM", "-tl:off")]
    [InlineData("INT", "-tl:on")]
    [InlineData("TERM", "-tl:on")]
    public void A_build_that_is_stopped_takes_the_engine_with_it_and_leaves_no_result(string signal, string logger)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are of Unix.");
        if (signal == "INT") IgnoredSignals.SkipWhenIgnored(IgnoredSignals.Interrupt);
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/slow", "print gptq: quantize 1/2 block 2 of 2\nhang");
        solution.WriteApp("""<QuantizeModel Include="models/slow" />""");
        solution.Dotnet("restore").Succeeded();

        var build = solution.Start("build", "--no-restore", logger);
        using var engine = Process.GetProcessById(int.Parse(WaitForFile(solution["engine.pid"], build), CultureInfo.InvariantCulture));
        using (var kill = Process.Start("kill", ["-" + signal, build.ProcessId.ToString(CultureInfo.InvariantCulture)])) kill.WaitForExit();

        var stopped = engine.WaitForExit(s_limit);
        // An engine that goes on would keep all other builds of this machine waiting for its device.
        if (!stopped) engine.Kill(entireProcessTree: true);
        Assert.True(stopped, "The engine goes on.");
        build.WaitForEnd();
        Assert.False(solution.Files.Has("obj/gptq/slow") || solution.Files.Has("obj/gptq/slow.state"));
    }

    private static string WaitForFile(string path, BuildRun build)
    {
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        using var changed = new AutoResetEvent(false);
        watcher.Changed += (_, _) => changed.Set();
        watcher.Created += (_, _) => changed.Set();
        watcher.EnableRaisingEvents = true;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_limit)
        {
            if (File.Exists(path) && File.ReadAllText(path) is { Length: > 0 } text) return text;
            changed.WaitOne(1000);
        }
        throw new TimeoutException("The engine did not start: " + build.Output);
    }
}
