using System.Globalization;

namespace Gptq.Build.Tasks;

/// <summary>Follows the engine's progress: how long each phase took, and when it is time to say so again.</summary>
internal sealed class PhaseClock
{
    private readonly Func<TimeSpan> _now;
    private readonly TimeSpan _between;
    private readonly List<(string Phase, TimeSpan Duration)> _finished = [];
    private string? _phase;
    private TimeSpan _started;
    private TimeSpan _said;

    /// <summary>Starts the clock.</summary>
    /// <param name="now">The time since some fixed moment.</param>
    /// <param name="between">How long a phase is not spoken of again.</param>
    public PhaseClock(Func<TimeSpan> now, TimeSpan between)
    {
        _now = now;
        _between = between;
    }

    /// <summary>A line for people, or null when the last one is too fresh.</summary>
    public string? Report(EngineLine.Progress progress)
    {
        var now = _now();
        var entered = progress.Phase != _phase;
        if (entered) Enter(progress.Phase, now);
        var waits = progress.Text.StartsWith("waiting", StringComparison.Ordinal);
        if (!entered && !waits && now - _said < _between) return null;
        _said = now;
        var text = $"{progress.Phase} {progress.Done}/{progress.Of}";
        if (progress.Text.Length > 0) text += $" {progress.Text}";
        return text;
    }

    /// <summary>Ends the last phase and lists them all: <c>calibrate 12.3 s, quantize 40.1 s</c>; empty when the engine told of none.</summary>
    public string Summary()
    {
        Enter(null, _now());
        return string.Join(", ", _finished.Select(entry => string.Format(CultureInfo.InvariantCulture, "{0} {1:0.0} s", entry.Phase, entry.Duration.TotalSeconds)));
    }

    private void Enter(string? phase, TimeSpan now)
    {
        if (_phase is not null) _finished.Add((_phase, now - _started));
        _phase = phase;
        _started = now;
    }
}
