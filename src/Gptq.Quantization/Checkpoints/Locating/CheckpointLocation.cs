namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>Where a checkpoint is on this machine.</summary>
public sealed class CheckpointLocation
{
    /// <summary>Creates a location.</summary>
    /// <param name="directory">The full path of the folder with config.json and the weights.</param>
    /// <param name="origin">Where it was found.</param>
    /// <param name="repository">The model's name on the hub, when it comes from there.</param>
    public CheckpointLocation(string directory, CheckpointOrigin origin, string? repository = null)
    {
        Directory = directory;
        Origin = origin;
        Repository = repository;
    }

    /// <summary>The full path of the folder with config.json and the weights.</summary>
    public string Directory { get; }

    /// <summary>Where it was found.</summary>
    public CheckpointOrigin Origin { get; }

    /// <summary>The model's name on the hub, such as facebook/opt-13b, when it comes from there.</summary>
    public string? Repository { get; }
}
