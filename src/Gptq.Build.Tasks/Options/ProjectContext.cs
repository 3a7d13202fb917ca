namespace Gptq.Build.Tasks;

/// <summary>What all models of one project share: where things are, and where the engine may look and keep things.</summary>
internal sealed class ProjectContext
{
    public ProjectContext(string projectDirectory)
    {
        ProjectDirectory = projectDirectory;
    }

    /// <summary>The project's folder; relative paths in metadata start here.</summary>
    public string ProjectDirectory { get; }

    /// <summary>The folder of results and their state, obj/gptq/; shared by all target frameworks and configurations.</summary>
    public string IntermediateDirectory { get; set; } = "";

    /// <summary>Folders that hold checkpoints, one folder each.</summary>
    public IReadOnlyList<string> ModelRoots { get; set; } = [];

    /// <summary>Whether the engine may download: true, false, or empty for the engine's default.</summary>
    public string Download { get; set; } = "";

    /// <summary>The content-addressed cache, or empty for the engine's default.</summary>
    public string CacheDirectory { get; set; } = "";

    /// <summary>The engine, gptq.dll.</summary>
    public string Engine { get; set; } = "";

    /// <summary>An absolute path without trailing separator; relative ones start at the project's folder, whatever the current directory is.</summary>
    public string FullPath(string path)
    {
        var full = Path.GetFullPath(Path.Combine(ProjectDirectory, path));
        var trimmed = full.TrimEnd(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        return trimmed.Length == 0 || trimmed.EndsWith(":", StringComparison.Ordinal) ? full : trimmed;
    }
}
