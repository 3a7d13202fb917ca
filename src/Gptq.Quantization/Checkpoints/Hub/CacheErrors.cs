namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Failures of the disk that holds the cache.</summary>
internal static class CacheErrors
{
    private const int DiskFullOnUnix = 28;
    private const int DiskFullOnWindows = unchecked((int)0x80070070);
    private const int HandleDiskFullOnWindows = unchecked((int)0x80070027);
    private const int SharingViolationOnWindows = unchecked((int)0x80070020);
    private const int LockedOnLinux = 11;
    private const int LockedOnMac = 35;

    /// <summary>The failure that the operating system's exception stands for.</summary>
    public static GptqException From(Exception cause, string path)
        => cause.HResult is DiskFullOnUnix or DiskFullOnWindows or HandleDiskFullOnWindows
            ? Full(path, cause)
            : new GptqException(
                "GPTQ2409", $"{path} cannot be written: {cause.Message} Make the cache writable, or set HF_HUB_CACHE to a folder that is.", path, cause);

    /// <summary>There is not enough room.</summary>
    public static GptqException Full(string path, Exception? cause = null, string detail = "")
        => new("GPTQ2408", $"The disk of {path} is full{detail}. Make room or set HF_HUB_CACHE to a folder on another disk; what is here is kept.", path, cause);

    /// <summary>Whether a file could not be opened because another process holds it.</summary>
    public static bool IsHeld(IOException cause) => cause.HResult is SharingViolationOnWindows or LockedOnLinux or LockedOnMac;
}
