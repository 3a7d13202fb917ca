using System.Diagnostics;

namespace Gptq.Quantization.Tests.Caching;

/// <summary>A file system of a few megabytes in a folder. Mounting one needs root; tests skip, saying so, where that is not given.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    public static SmallDisk Mount(string folder, int megabytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a small file system needs root on Linux.");
        Directory.CreateDirectory(folder);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", folder), "This container may not mount a file system.");
        return new(folder);
    }

    public void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", _folder));

    /// <summary>Writes until nothing more fits, or until so many bytes are left.</summary>
    public void Fill(long leaving = 0)
    {
        using var file = new FileStream(Path.Combine(_folder, "filler"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        var bytes = new byte[4096];
        var drive = new DriveInfo(_folder);
        try
        {
            while (leaving == 0 || drive.AvailableFreeSpace > leaving)
                file.Write(bytes);
        }
        catch (IOException)
        {
        }
    }

    public void FreeFiller() => File.Delete(Path.Combine(_folder, "filler"));

    public void Dispose() => Run("umount", "-l", _folder);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
