using System.Diagnostics;
using System.Globalization;
using Gptq.Quantization.Pipeline;

namespace Gptq.Tool.Progress;

/// <summary>Progress as lines, <c>gptq: phase done/total text</c>: for logs and for MSBuild, at most one every few seconds within a phase.</summary>
internal sealed class PlainProgress(TextWriter output, TimeSpan interval) : IProgress<PipelineProgress>
{
    private readonly Lock _lock = new();
    private readonly Stopwatch _phaseTime = new();
    private PipelinePhase? _phase;
    private TimeSpan _next;

    public void Report(PipelineProgress value)
    {
        lock (_lock)
        {
            if (_phase != value.Phase)
            {
                _phase = value.Phase;
                _phaseTime.Restart();
                _next = TimeSpan.Zero;
            }
            var elapsed = _phaseTime.Elapsed;
            if (elapsed < _next && value.Done < value.Total) return;
            _next = elapsed + interval;
            output.WriteLine($"gptq: {Verb(value.Phase)} {value.Done}/{value.Total} {value.Detail}{Remaining(elapsed, value)}");
        }
    }

    internal static string Verb(PipelinePhase phase) => phase switch
    {
        PipelinePhase.Download => "download",
        PipelinePhase.Prepare => "prepare",
        PipelinePhase.Calibrate => "calibrate",
        PipelinePhase.Quantize => "quantize",
        PipelinePhase.Write => "write",
        _ => "evaluate",
    };

    private static string Remaining(TimeSpan elapsed, PipelineProgress value)
    {
        if (value.Done == 0 || value.Done == value.Total || elapsed < TimeSpan.FromSeconds(5)) return "";
        var left = elapsed * ((value.Total - value.Done) / (double)value.Done);
        return string.Create(CultureInfo.InvariantCulture, $", about {left:h\\:mm\\:ss} left");
    }
}
