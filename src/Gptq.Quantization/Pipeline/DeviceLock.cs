using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Pipeline;

/// <summary>Lets one model at a time use a device: two would only take memory and processor caches from each other, and end later than one after the other.</summary>
public static class DeviceLock
{
    /// <summary>Where the processes of this user meet: a folder of locks in the folder for temporary files.</summary>
    public static string UserFolder => Path.Combine(Path.GetTempPath(), $"gptq-{Environment.UserName}");

    /// <summary>Waits for a device.</summary>
    /// <param name="folder">The folder of locks; null: nobody is waited for.</param>
    /// <param name="device">What the work really runs on, never auto: cpu, or cuda.</param>
    /// <param name="onWaiting">Called once, when another model has the device.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What to dispose when the device is free again; null without a folder. The death of the process frees it too.</returns>
    internal static async Task<IDisposable?> AcquireAsync(string? folder, string device, Action onWaiting, CancellationToken cancellation)
    {
        if (folder is null) return null;
        Directory.CreateDirectory(folder);
        return await FileLock.AcquireAsync(Path.Combine(folder, device + ".lock"), onWaiting, cancellation).ConfigureAwait(false);
    }
}
