namespace Gptq.Quantization.Caching;

/// <summary>What can be asked about a file without reading it, and changes when its content does.</summary>
/// <param name="Size">In bytes.</param>
/// <param name="WrittenTicks">Time of the last write, UTC.</param>
/// <param name="Inode">0 where it cannot be asked.</param>
/// <param name="ChangeTime">Time of the inode's last change in nanoseconds; 0 where it cannot be asked.</param>
internal sealed record FileIdentity(long Size, long WrittenTicks, ulong Inode, long ChangeTime)
{
    /// <summary>Asks. A link is followed.</summary>
    public static FileIdentity Of(string path)
    {
        using var handle = File.OpenHandle(path, options: FileOptions.None);
        var (inode, changeTime) = FileSystemCalls.Identity(path);
        return new(RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle).Ticks, inode, changeTime);
    }
}
