using System.Diagnostics;

namespace Gptq.Benchmarks;

/// <summary>Timing.</summary>
internal static class Measure
{
    /// <summary>The wall-clock seconds that an action takes.</summary>
    public static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>
    /// Runs every action once to warm up, then all of them in turn, <paramref name="runs"/> times, so that what else happens on the machine
    /// hits all of them alike.
    /// </summary>
    /// <returns>The median seconds of each action.</returns>
    public static double[] Interleaved(int runs, params Action[] actions) => [.. InterleavedWithProcessorTime(runs, actions).Select(times => times.Wall)];

    /// <summary>As <see cref="Interleaved"/>, with the seconds that all threads together spent on a processor: they hardly depend on what else runs.</summary>
    public static (double Wall, double Processor)[] InterleavedWithProcessorTime(int runs, params Action[] actions)
    {
        foreach (var action in actions) action();
        var wall = actions.Select(_ => new double[runs]).ToArray();
        var processor = actions.Select(_ => new double[runs]).ToArray();
        for (var run = 0; run < runs; run++)
        {
            for (var which = 0; which < actions.Length; which++)
            {
                var before = Environment.CpuUsage.TotalTime;
                wall[which][run] = Seconds(actions[which]);
                processor[which][run] = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            }
        }
        return [.. wall.Zip(processor, (seconds, used) => (Median(seconds), Median(used)))];
    }

    /// <summary>The middle value, or the mean of the two middle ones.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
