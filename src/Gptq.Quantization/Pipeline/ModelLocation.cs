namespace Gptq.Quantization.Pipeline;

/// <summary>Where the checkpoint of a request is.</summary>
internal static class ModelLocation
{
    public static Task<string> FindAsync(QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var candidates = request.ModelRoots.Select(root => Path.Combine(Path.GetFullPath(root, request.ProjectDirectory), request.Model))
            .Prepend(Path.GetFullPath(request.Model, request.ProjectDirectory));
        var found = candidates.FirstOrDefault(Directory.Exists);
        return found is not null
            ? Task.FromResult(found)
            : throw new GptqException("GPTQ2401", $"No checkpoint '{request.Model}' was found.");
    }
}
