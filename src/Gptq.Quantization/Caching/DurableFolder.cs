namespace Gptq.Quantization.Caching;

/// <summary>Folders whose content survives a power cut, and that appear and disappear under their name in one step.</summary>
internal static class DurableFolder
{
    private const UnixFileMode ReadOnlyMode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Brings a file's content to the disk.</summary>
    public static void FlushFile(string path)
    {
        // Windows flushes only through a handle that may write.
        var access = OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read;
        using var handle = File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Brings the names in a folder, and in all folders below it, to the disk.</summary>
    public static void FlushFolders(string folder)
    {
        foreach (var below in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
            FileSystemCalls.FlushFolder(below);
        FileSystemCalls.FlushFolder(folder);
    }

    /// <summary>Takes the right to write from everybody: hard links of a file share it, so a write through one would change all.</summary>
    public static void MakeReadOnly(string file)
    {
        if (OperatingSystem.IsWindows())
            File.SetAttributes(file, File.GetAttributes(file) | FileAttributes.ReadOnly);
        else
            File.SetUnixFileMode(file, ReadOnlyMode);
    }

    /// <summary>Renames a flushed folder to its final name, for good.</summary>
    public static void Publish(string from, string to)
    {
        Directory.Move(from, to);
        FileSystemCalls.FlushFolder(Path.GetDirectoryName(to)!);
    }

    /// <summary>Deletes a folder with read-only files in it; nothing happens when it is not there.</summary>
    public static void Delete(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        if (OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
                File.SetAttributes(file, FileAttributes.Normal);
        }
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Deletes a folder so that its name is gone at once, whatever interrupts the deletion of what it holds.</summary>
    /// <param name="folder">The folder; it need not be there.</param>
    /// <param name="trash">A free path on the same volume, in a place where leftovers are cleaned.</param>
    public static void DeleteAtOnce(string folder, string trash)
    {
        if (!Directory.Exists(folder))
            return;
        Directory.Move(folder, trash);
        Delete(trash);
    }
}
