using System.Globalization;

namespace Gptq.Tests;

/// <summary>Signals that this process, and so every process that it starts, was told to ignore: shells do that to SIGINT for what runs in the background.</summary>
internal static class IgnoredSignals
{
    /// <summary>The number of SIGINT.</summary>
    public const int Interrupt = 2;

    /// <summary>Skips the running test, saying so, where a signal would not be heard.</summary>
    public static void SkipWhenIgnored(int signal)
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status)) return;
        var mask = File.ReadLines(Status).First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..].Trim();
        var ignored = ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Assert.SkipWhen((ignored >> (signal - 1) & 1) == 1, $"Signal {signal} is ignored in this process.");
    }
}
