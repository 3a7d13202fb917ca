using System.Diagnostics;
using System.Globalization;
using Gptq.Tests;

namespace Gptq.Tool.Tests;

public sealed class CancellationTests
{
    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_the_work_within_two_seconds_and_leaves_nothing_half_done(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "kill sends signals on Unix alone.");
        if (signal == "INT") IgnoredSignals.SkipWhenIgnored(IgnoredSignals.Interrupt);
        var cancellation = TestContext.Current.CancellationToken;
        var root = Directory.CreateTempSubdirectory("gptq-tool-").FullName;
        var output = Path.Combine(root, "bard");
        // A million tokens of calibration: seconds of work at the least.
        string[] arguments = ["quantize", "--model", TestPaths.BardOpt, "--output", output, "--cache-directory", Path.Combine(root, "cache"), "--calibration-samples", "2000"];
        using var tool = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "gptq"), arguments) { RedirectStandardOutput = true })!;
        while (await tool.StandardOutput.ReadLineAsync(cancellation) is { } line && !line.Contains("quantize 0/", StringComparison.Ordinal))
        {
        }

        var clock = Stopwatch.StartNew();
        using var kill = Process.Start("kill", ["-" + signal, tool.Id.ToString(CultureInfo.InvariantCulture)]);
        await tool.WaitForExitAsync(cancellation);

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(130, tool.ExitCode);
        Assert.False(Directory.Exists(output));
        Directory.Delete(root, recursive: true);
    }
}
