using Gptq.Quantization.Options;

namespace Gptq.Quantization.Devices;

/// <summary>Chooses between the processor and CUDA.</summary>
public static class DeviceSelector
{
    /// <summary>Chooses; loads nothing. What was asked for and is missing is fetched where that is allowed.</summary>
    /// <param name="choice">What was asked for.</param>
    /// <param name="platform">What is there.</param>
    /// <param name="neededBytes">What the model's largest layer takes; GPUs with less are passed over unless CUDA was asked for.</param>
    /// <param name="download">Whether libraries may be fetched.</param>
    /// <param name="report">Told of downloads.</param>
    /// <param name="cancellation">Stops a download.</param>
    /// <exception cref="GptqException">
    /// GPTQ6101: CUDA was asked for, and there is no GPU. GPTQ6102: CUDA was asked for, and its libraries are not there and can't be fetched.
    /// </exception>
    public static async Task<DeviceSelection> SelectAsync(
        DeviceChoice choice, ICudaPlatform platform, long neededBytes, bool download, Action<string> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(platform);
        if (choice == DeviceChoice.Cpu) return DeviceSelection.Processor(null);
        var machine = platform.Probe();
        if (choice == DeviceChoice.Auto) return Automatic(machine, platform, neededBytes);
        if (machine.WhyNone is { } why)
        {
            throw new GptqException(
                "GPTQ6101", $"Device=cuda was asked for, but {why}. Install NVIDIA's driver (nvidia-smi then lists the GPU), or use Device=auto or cpu.");
        }
        if (platform.MissingLibraries() is { } missing)
        {
            if (!download)
            {
                throw new GptqException(
                    "GPTQ6102",
                    $"Device=cuda was asked for, but {missing}, and downloads are off. Run gptq cuda install once where they are allowed, or set GPTQ_TORCH_PATH to a folder that holds the libraries.");
            }
            await platform.InstallAsync(report, cancellation).ConfigureAwait(false);
        }
        return DeviceSelection.Cuda(machine.Gpus);
    }

    private static DeviceSelection Automatic(CudaMachine machine, ICudaPlatform platform, long neededBytes)
    {
        if (machine.WhyNone is { } why) return DeviceSelection.Processor(why);
        var large = machine.Gpus.Where(gpu => gpu.FreeBytes >= neededBytes).ToList();
        if (large.Count == 0)
        {
            return DeviceSelection.Processor(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"no GPU has the {neededBytes / (double)(1L << 30):0.0} GiB of free memory that the largest layer takes (Device=cuda uses one all the same)"));
        }
        return platform.MissingLibraries() is { } missing
            ? DeviceSelection.Processor($"a GPU is there, but {missing} (Device=cuda fetches them, and so does gptq cuda install)")
            : DeviceSelection.Cuda(large);
    }
}
