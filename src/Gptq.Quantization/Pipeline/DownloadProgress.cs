using Gptq.Quantization.Checkpoints.Hub;

namespace Gptq.Quantization.Pipeline;

/// <summary>Passes on the progress of a download, one step a percent: a report for each piece that arrives would fill the log.</summary>
/// <param name="progress">Who is told.</param>
public sealed class DownloadProgress(IProgress<PipelineProgress> progress) : IProgress<HubProgress>
{
    private readonly Lock _gate = new();
    private (int Percent, long Total) _last = (-1, 0);

    /// <inheritdoc/>
    public void Report(HubProgress value)
    {
        var percent = value.Total == 0 ? 100 : (int)(value.Bytes * 100.0 / value.Total);
        lock (_gate)
        {
            if ((percent, value.Total) == _last) return;
            _last = (percent, value.Total);
        }
        progress.Report(new PipelineProgress(PipelinePhase.Download, percent, 100, $"{value.File} ({value.Bytes >> 20} of {value.Total >> 20} MiB)"));
    }
}
