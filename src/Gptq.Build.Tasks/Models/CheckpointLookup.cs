namespace Gptq.Build.Tasks;

/// <summary>Finds a checkpoint on this machine without asking anybody: relative to the project, then below GptqModelRoots.</summary>
internal static class CheckpointLookup
{
    /// <summary>The checkpoint's folder, or null when only the engine can find it.</summary>
    public static string? Find(string include, string revision, ProjectContext context)
    {
        foreach (var root in context.ModelRoots.Prepend(context.ProjectDirectory))
        {
            var directory = context.FullPath(Path.Combine(root, include));
            if (Directory.Exists(directory)) return directory;
        }
        return null;
    }
}
