using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>A model that was not found on this machine and cannot be asked for.</summary>
internal static class LocatingErrors
{
    /// <summary>Refuses what can be no name on the hub, before it becomes a path or an address.</summary>
    public static void CheckNames(string repository, string revision)
    {
        if (!RepositoryName.IsValid(repository))
        {
            throw NoName(repository);
        }

        if (!RepositoryName.IsRevision(revision))
        {
            throw new GptqException("GPTQ2405", $"'{revision}' can be no revision. It is a branch, a tag, or a commit of 40 digits.");
        }
    }

    public static GptqException NoName(string include)
        => new("GPTQ2401", $"'{include}' is no folder, and can be no model's name on the hub either. Give a path relative to the project, or a name such as facebook/opt-125m.");

    public static GptqException NotHere(CheckpointRequest request, string repository, string why)
    {
        var roots = request.ModelRoots.Count == 0 ? "GptqModelRoots (not set)" : string.Join(", ", request.ModelRoots);
        return new(
            "GPTQ2402",
            $"'{request.Include}' is not on this machine, and {why}. Looked for: a folder relative to {request.ProjectDirectory}; in {roots}; {repository} at revision "
                + $"{CheckpointLocator.Revision(request)} in {HubCache.FromEnvironment(request.Environment).Root}. "
                + "Allow the download, run `gptq pull` where there is a network, or name the folder that holds the model.");
    }
}
