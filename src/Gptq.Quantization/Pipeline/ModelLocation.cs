using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Pipeline;

/// <summary>Where the checkpoint of a request is.</summary>
internal static class ModelLocation
{
    public static Task<string> FindAsync(QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var wanted = new CheckpointRequest(request.Model, request.ProjectDirectory) { Revision = request.Revision, ModelRoots = request.ModelRoots };
        return Task.FromResult(CheckpointLocator.Find(wanted)?.Directory
            ?? throw new GptqException("GPTQ2401", $"There is no checkpoint '{request.Model}' in the project's folder, the model roots or the Hugging Face cache."));
    }
}
