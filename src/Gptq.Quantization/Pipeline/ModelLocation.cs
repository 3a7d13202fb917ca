using Gptq.Quantization.Checkpoints.Hub;
using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Pipeline;

/// <summary>Where the checkpoint of a request is; downloaded where that is allowed.</summary>
internal static class ModelLocation
{
    public static async Task<string> FindAsync(QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var wanted = new CheckpointRequest(request.Model, request.ProjectDirectory) { Revision = request.Revision, ModelRoots = request.ModelRoots };
        var location = await CheckpointLocator.LocateAsync(wanted, request.Download, progress: new Percents(progress), cancellation: cancellation)
            .ConfigureAwait(false);
        return location.Directory;
    }

    /// <summary>One step a percent: a report for each piece that arrives would fill the log.</summary>
    private sealed class Percents(IProgress<PipelineProgress> progress) : IProgress<HubProgress>
    {
        private readonly Lock _gate = new();
        private (int Percent, long Total) _last = (-1, 0);

        public void Report(HubProgress value)
        {
            var percent = value.Total == 0 ? 100 : (int)(value.Bytes * 100.0 / value.Total);
            lock (_gate)
            {
                if ((percent, value.Total) == _last) return;
                _last = (percent, value.Total);
            }
            progress.Report(new PipelineProgress(PipelinePhase.Download, percent, 100, $"{value.File} ({value.Bytes >> 20} of {value.Total >> 20} MB)"));
        }
    }
}
