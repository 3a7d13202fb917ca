using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Pipeline;

/// <summary>Where the checkpoint of a request is; downloaded where that is allowed.</summary>
internal static class ModelLocation
{
    public static async Task<string> FindAsync(QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var wanted = new CheckpointRequest(request.Model, request.ProjectDirectory) { Revision = request.Revision, ModelRoots = request.ModelRoots };
        var location = await CheckpointLocator.LocateAsync(wanted, request.Download, progress: new DownloadProgress(progress), cancellation: cancellation)
            .ConfigureAwait(false);
        return location.Directory;
    }
}
