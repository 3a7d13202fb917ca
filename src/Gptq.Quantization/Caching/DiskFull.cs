namespace Gptq.Quantization.Caching;

/// <summary>Tells a full disk from other failures of writing, and gives it its code.</summary>
public static class DiskFull
{
    /// <summary>Whether a write failed because the volume is full or the user's quota is used up.</summary>
    /// <param name="exception">What the write threw.</param>
    public static bool Is(Exception exception) => exception is IOException { HResult: var result } && (OperatingSystem.IsWindows()
        ? result is unchecked((int)0x80070070) or unchecked((int)0x80070027) // ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL
        : result == 28 || result == (OperatingSystem.IsLinux() ? 122 : 69)); // ENOSPC, EDQUOT

    /// <summary>The failure to throw instead, code GPTQ5101.</summary>
    /// <param name="path">The file or folder that was written.</param>
    /// <param name="exception">What the write threw.</param>
    public static GptqException Error(string path, Exception exception) => new(
        "GPTQ5101",
        $"The disk is full: writing to '{path}' failed. Nothing partial was left; finished blocks are kept and the next build goes on after them. "
        + "Free space there, run 'gptq cache prune', or name another volume in the property GptqCacheDirectory.",
        path,
        exception);
}
