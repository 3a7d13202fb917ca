using System.Diagnostics;

namespace Gptq.Quantization.Pipeline;

/// <summary>Where the time of a block goes. No result depends on it.</summary>
internal sealed class PhaseTimes
{
    private readonly Dictionary<string, (double Wall, double Processor)> _phases = new(StringComparer.Ordinal);

    /// <summary>By phase: seconds on the clock, and seconds that the process's threads together spent on a processor.</summary>
    public IReadOnlyDictionary<string, (double Wall, double Processor)> Phases => _phases;

    /// <summary>Does a piece of work and counts its time.</summary>
    public T Measure<T>(string phase, Func<T> work)
    {
        var (start, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var result = work();
        var before = _phases.GetValueOrDefault(phase);
        _phases[phase] = (before.Wall + Stopwatch.GetElapsedTime(start).TotalSeconds, before.Processor + (Environment.CpuUsage.TotalTime - used).TotalSeconds);
        return result;
    }

    /// <summary>Forgets everything.</summary>
    public void Reset() => _phases.Clear();
}
