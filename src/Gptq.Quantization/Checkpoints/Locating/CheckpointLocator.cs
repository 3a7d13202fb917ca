namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>
/// Finds a checkpoint: a folder relative to the project, a folder below one of the model roots, the Hugging Face cache, and last the hub itself.
/// </summary>
/// <remarks>This part asks nobody and depends on nothing: the MSBuild tasks compile the same source.</remarks>
public static partial class CheckpointLocator
{
    /// <summary>Finds a checkpoint that is on this machine.</summary>
    /// <param name="request">What is wanted.</param>
    /// <returns>Where it is, or null when only the hub may have it.</returns>
    public static CheckpointLocation? Find(CheckpointRequest request)
    {
        if (request.Include.Length == 0 || request.Include.Contains('\0'))
        {
            return null;
        }

        return FindFolder(request.ProjectDirectory, request.Include, CheckpointOrigin.Directory)
            ?? request.ModelRoots
                .Select(root => FindFolder(Path.Combine(request.ProjectDirectory, root), request.Include, CheckpointOrigin.ModelRoot))
                .FirstOrDefault(location => location is not null)
            ?? FindCached(request);
    }

    /// <summary>The model's name on the hub that a request means, or null when it can be none.</summary>
    internal static string? Repository(CheckpointRequest request)
    {
        var name = ModelAliases.Resolve(request.Include.Replace('\\', '/'));
        return RepositoryName.IsValid(name) ? name : null;
    }

    /// <summary>The revision that a request means.</summary>
    internal static string Revision(CheckpointRequest request) => request.Revision.Length == 0 ? HubCache.DefaultRevision : request.Revision;

    private static CheckpointLocation? FindFolder(string root, string include, CheckpointOrigin origin)
    {
        var path = Path.Combine(root, include);
        return Directory.Exists(path) ? new CheckpointLocation(Path.GetFullPath(path), origin) : null;
    }

    private static CheckpointLocation? FindCached(CheckpointRequest request)
        => Repository(request) is { } name && HubCache.FromEnvironment(request.Environment).Find(name, Revision(request)) is { } folder
            ? new CheckpointLocation(folder, CheckpointOrigin.Cache, name)
            : null;
}
