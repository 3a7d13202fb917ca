using System.Runtime.InteropServices;
using Gptq.Quantization.Solver;

namespace Gptq.TorchSharp;

/// <summary>Tells a device that is full from everything else that can go wrong on it.</summary>
internal static class DeviceMemory
{
    /// <summary>Runs something on a device.</summary>
    /// <exception cref="DeviceOutOfMemoryException">The device's memory is full; what it held for this is given back.</exception>
    public static T Run<T>(string device, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (ExternalException exception) when (IsOutOfMemory(exception.Message))
        {
            throw new DeviceOutOfMemoryException(device, exception);
        }
    }

    // libtorch: "CUDA out of memory. Tried to allocate…", "DefaultCPUAllocator: can't allocate memory"; cuBLAS and cuSOLVER: "…ALLOC_FAILED".
    private static bool IsOutOfMemory(string message) =>
        message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("ALLOC_FAILED", StringComparison.Ordinal);
}
