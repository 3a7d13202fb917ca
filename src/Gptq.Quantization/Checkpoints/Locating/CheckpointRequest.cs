namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>What a project asks for, and where to look.</summary>
public sealed class CheckpointRequest
{
    /// <summary>Creates a request.</summary>
    /// <param name="include">A folder, or the name of a model: opt-13b, facebook/opt-13b.</param>
    /// <param name="projectDirectory">The full path of the folder that relative paths start from.</param>
    public CheckpointRequest(string include, string projectDirectory)
    {
        Include = include.Trim();
        ProjectDirectory = projectDirectory;
    }

    /// <summary>A folder, or the name of a model: opt-13b, facebook/opt-13b.</summary>
    public string Include { get; }

    /// <summary>The full path of the folder that relative paths start from.</summary>
    public string ProjectDirectory { get; }

    /// <summary>The branch, tag or commit on the hub; main when it is empty.</summary>
    public string Revision { get; set; } = "";

    /// <summary>Folders that hold checkpoints, GptqModelRoots; relative ones start at the project.</summary>
    public IReadOnlyList<string> ModelRoots { get; set; } = [];

    /// <summary>Reads environment variables.</summary>
    public Func<string, string?> Environment { get; set; } = System.Environment.GetEnvironmentVariable;
}
