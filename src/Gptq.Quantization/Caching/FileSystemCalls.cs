using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Gptq.Quantization.Caching;

/// <summary>What the cache needs of the file system and .NET has no call for: hard links, folder flush, exchange of two folders, file identity.</summary>
internal static partial class FileSystemCalls
{
    private const int AtCurrentFolder = -100;
    private const uint RenameExchange = 2;
    private const uint RenameSwap = 2;
    private const uint StatxInode = 0x100;
    private const uint StatxChangeTime = 0x80;

    /// <summary>Makes <paramref name="newPath"/> a second name of a file.</summary>
    /// <returns>False when the file system cannot: another volume, no hard links there, too many of them.</returns>
    public static bool TryHardLink(string existing, string newPath) =>
        OperatingSystem.IsWindows() ? CreateHardLink(newPath, existing, 0) : Link(existing, newPath) == 0;

    /// <summary>Swaps two folders in one step.</summary>
    /// <returns>False when system or file system cannot; nothing has changed then.</returns>
    public static bool TryExchange(string one, string other)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return RenameAt2(AtCurrentFolder, one, AtCurrentFolder, other, RenameExchange) == 0;
            return OperatingSystem.IsMacOS() && RenameX(one, other, RenameSwap) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // an older C library
        }
    }

    /// <summary>Brings a folder's own content, the names in it, to the disk. Windows needs no such call and has none.</summary>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(path, 0);
        if (descriptor < 0)
            throw new IOException($"Cannot open the folder {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        // Some file systems have nothing to flush and refuse (EINVAL); a disk that fails shows in the files' own flush.
        _ = FSync(descriptor);
        _ = Close(descriptor);
    }

    /// <summary>Inode and time of last change of the inode, in nanoseconds; zeros where the system has no cheap way to tell.</summary>
    /// <remarks>The change time moves with every write, rename or chmod and cannot be set back by a program.</remarks>
    public static unsafe (ulong Inode, long ChangeTime) Identity(string path)
    {
        if (!OperatingSystem.IsLinux())
            return default;
        // struct statx has one layout on all architectures: include/uapi/linux/stat.h.
        var buffer = stackalloc byte[256];
        try
        {
            if (Statx(AtCurrentFolder, path, 0, StatxInode | StatxChangeTime, buffer) != 0)
                return default;
        }
        catch (EntryPointNotFoundException)
        {
            return default;
        }
        var inode = *(ulong*)(buffer + 32);
        var seconds = *(long*)(buffer + 96);
        var nanoseconds = *(uint*)(buffer + 104);
        return (inode, unchecked((seconds * 1_000_000_000) + nanoseconds));
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string newPath);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int oneFolder, string one, int otherFolder, string other, uint flags);

    [SupportedOSPlatform("macos")]
    [LibraryImport("libc", EntryPoint = "renamex_np", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameX(string one, string other, uint flags);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string newPath, string existing, nint securityAttributes);
}
