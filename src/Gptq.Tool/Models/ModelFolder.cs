using Gptq.Quantization.Bundles;
using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Tool.Models;

/// <summary>A folder that a command is given: a bundle that Gptq.Build wrote, or a checkpoint.</summary>
/// <param name="Directory">The full path.</param>
/// <param name="Name">What the model is called.</param>
/// <param name="IsBundle">Whether it holds a decoder that can run, rather than a checkpoint.</param>
internal sealed record ModelFolder(string Directory, string Name, bool IsBundle)
{
    /// <summary>Finds a folder by its path, or a checkpoint by its name in the Hugging Face cache; nothing is downloaded.</summary>
    /// <exception cref="Gptq.Quantization.GptqException">GPTQ2401, GPTQ2402: it is not on this machine.</exception>
    public static async Task<ModelFolder> FindAsync(string model, CancellationToken cancellation)
    {
        var location = await CheckpointLocator.LocateAsync(
            new CheckpointRequest(model, Environment.CurrentDirectory), download: false, cancellation: cancellation).ConfigureAwait(false);
        var name = location.Repository ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(location.Directory));
        return At(location.Directory) with { Name = name };
    }

    /// <summary>A folder that is there.</summary>
    public static ModelFolder At(string directory) => new(
        directory, Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)), File.Exists(Path.Combine(directory, BundleFiles.GenaiConfig)));
}
