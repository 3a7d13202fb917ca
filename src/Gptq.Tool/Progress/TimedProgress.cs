using System.Diagnostics;
using Gptq.Quantization.Pipeline;

namespace Gptq.Tool.Progress;

/// <summary>Passes progress on and notes how long each phase takes.</summary>
internal sealed class TimedProgress(IProgress<PipelineProgress> next) : IProgress<PipelineProgress>
{
    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<(string Phase, TimeSpan Time)> _phases = [];
    private PipelinePhase? _phase;

    /// <summary>The phases so far and how long each took, in the order in which they were entered.</summary>
    public IReadOnlyList<(string Phase, TimeSpan Time)> Ended()
    {
        lock (_lock)
        {
            Enter(null);
            return [.. _phases];
        }
    }

    /// <inheritdoc/>
    public void Report(PipelineProgress value)
    {
        lock (_lock)
        {
            if (value.Phase != _phase) Enter(value.Phase);
        }
        next.Report(value);
    }

    private void Enter(PipelinePhase? phase)
    {
        if (_phase is { } ended) _phases.Add((PlainProgress.Verb(ended), _clock.Elapsed));
        _phase = phase;
        _clock.Restart();
    }
}
