using System.Diagnostics;
using System.Globalization;
using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Integration;

/// <summary>The engine itself, killed and doubled.</summary>
[Trait("Category", "Integration")]
public sealed class InterruptionTests
{
    private const int Kills = 10;

    [Fact]
    public void After_ten_kills_a_build_gives_what_an_undisturbed_one_does()
    {
        using var solution = RealEngine.Solution();
        solution.WriteApp($"""<QuantizeModel Include="checkpoint" {RealEngine.Quick} />""");
        RealEngine.Build(solution).Succeeded();
        var output = solution["obj/gptq/checkpoint"];
        var undisturbed = Files(output);
        var disturbed = Path.Combine(solution.Files.Beside, "disturbed");
        var arguments = File.ReadAllLines(solution["obj/gptq/checkpoint.rsp"]);
        arguments[Array.IndexOf(arguments, "--cache-directory") + 1] = disturbed;
        arguments[Array.IndexOf(arguments, "--parent-process") + 1] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        // Random moments of the time that a whole run takes on this machine; each goes on where the one before was killed.
        var moments = new Random(7);
        var whole = TimeSpan.Zero;
        var killed = 0;
        while (killed < Kills)
        {
            ResultFolder.Delete(output);
            var clock = Stopwatch.StartNew();
            var ended = Run(arguments, whole == TimeSpan.Zero ? null : whole * moments.NextDouble());
            Assert.True(!Directory.Exists(output) || Same(undisturbed, Files(output)), "Half a result stood under its final name.");
            if (ended && whole == TimeSpan.Zero) whole = clock.Elapsed;
            else if (!ended) killed++;
            // Once it is in the cache, there is nothing left to interrupt.
            if (ended) ResultFolder.Delete(disturbed);
        }

        ResultFolder.Delete(solution["obj/gptq"]);
        solution.Build(["--no-restore", .. RealEngine.Switches(solution, disturbed)]).Succeeded();

        Assert.True(Same(undisturbed, Files(output)), "The result is another one.");
        Assert.True(Same(undisturbed, Files(solution["bin/Debug/net10.0/models/checkpoint"])), "The app has another result.");
    }

    [Fact]
    public void Two_checkouts_that_share_a_cache_quantize_once()
    {
        using var first = RealEngine.Solution();
        using var second = RealEngine.Solution();
        var cache = Path.Combine(first.Files.Beside, "cache");
        foreach (var solution in (TestSolution[])[first, second])
        {
            solution.WriteApp($"""<QuantizeModel Include="checkpoint" {RealEngine.Quick} />""");
            solution.Dotnet("restore").Succeeded();
        }

        BuildRun[] builds = [.. ((TestSolution[])[first, second]).Select(solution => solution.Start(["build", "--no-restore", .. RealEngine.Switches(first, cache)]))];
        foreach (var build in builds) build.WaitForEnd().Succeeded();

        Assert.Single(builds, build => build.Says("from the cache)"));
        Assert.Single(builds, build => build.Says("quantized in "));
        Assert.True(Same(Files(first["bin/Debug/net10.0/models/checkpoint"]), Files(second["bin/Debug/net10.0/models/checkpoint"])));
    }

    /// <summary>Runs the engine; true when it came to its end before the moment to kill it.</summary>
    private static bool Run(string[] arguments, TimeSpan? killAfter)
    {
        using var engine = Process.Start(new ProcessStartInfo("dotnet", ["exec", TestSolution.Metadata("Engine"), "quantize", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        engine.OutputDataReceived += (_, _) => { };
        engine.ErrorDataReceived += (_, _) => { };
        engine.BeginOutputReadLine();
        engine.BeginErrorReadLine();
        if (killAfter is null ? engine.WaitForExit(TimeSpan.FromMinutes(2)) : engine.WaitForExit(killAfter.Value)) return engine.ExitCode == 0 ? true : throw new InvalidOperationException("The engine failed.");
        // SIGKILL: nothing in the process gets to know.
        engine.Kill();
        engine.WaitForExit();
        return false;
    }

    private static Dictionary<string, byte[]> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(folder, file), File.ReadAllBytes);

    private static bool Same(Dictionary<string, byte[]> one, Dictionary<string, byte[]> other) =>
        one.Count == other.Count && one.All(file => other.TryGetValue(file.Key, out var bytes) && bytes.AsSpan().SequenceEqual(file.Value));
}
