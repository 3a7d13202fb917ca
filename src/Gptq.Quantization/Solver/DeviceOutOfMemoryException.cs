namespace Gptq.Quantization.Solver;

/// <summary>A device has no memory for what it was given. Smaller pieces may fit; the processor takes what does not.</summary>
public sealed class DeviceOutOfMemoryException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="device">The device, as people know it.</param>
    /// <param name="inner">What the device's library said.</param>
    public DeviceOutOfMemoryException(string device, Exception? inner = null)
        : base($"{device} is out of memory.", inner) => Device = device;

    /// <summary>The device, as people know it.</summary>
    public string Device { get; }
}
