using System.Globalization;

namespace Gptq.Runtime.Tests.Memory;

/// <summary>Tests that watch this process's memory or its reads: they run after all others, alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What the kernel counts for this process.</summary>
internal static class ProcessCounters
{
    /// <summary>Memory that belongs to this process alone: heaps and stacks, without mapped files.</summary>
    public static long PrivateBytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return 1024 * Field("/proc/self/smaps_rollup", "Anonymous:");
    }

    /// <summary>Bytes that this process has read with system calls; reading a mapped file takes none.</summary>
    public static long ReadBytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        return Field("/proc/self/io", "rchar:");
    }

    private static long Field(string file, string name) => long.Parse(
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
