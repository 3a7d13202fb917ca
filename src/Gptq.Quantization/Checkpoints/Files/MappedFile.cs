using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>A file whose bytes are read through memory-mapped windows.</summary>
/// <remarks>
/// Each window is unmapped after use, so that a process that walks through a checkpoint of 100 GB never holds more of it than the window
/// it reads. All methods may run at once from several threads.
/// </remarks>
internal sealed class MappedFile : IDisposable
{
    /// <summary>A window's usual length: large enough that mapping costs nothing, small beside a block's weights.</summary>
    public const int MaxWindow = 32 << 20;

    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile? _map;

    private MappedFile(string path, SafeFileHandle handle, MemoryMappedFile? map, long length)
    {
        Path = path;
        _handle = handle;
        _map = map;
        Length = length;
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="GptqException">GPTQ2207: the file cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            var length = RandomAccess.GetLength(handle);

            // An empty file cannot be mapped, and has nothing to read.
            var map = length == 0
                ? null
                : MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            return new MappedFile(path, handle, map, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            handle?.Dispose();
            throw CheckpointErrors.Unreadable(path, e);
        }
    }

    /// <summary>Maps a range of the file.</summary>
    /// <param name="offset">Bytes from the start of the file.</param>
    /// <param name="length">Bytes; about <see cref="MaxWindow"/> at most, unless they are read in no order.</param>
    /// <exception cref="GptqException">GPTQ2210: the file became shorter. GPTQ2207: it cannot be mapped.</exception>
    public MappedWindow Map(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        if (length == 0)
        {
            return default;
        }

        try
        {
            // Touching a mapped page behind the end of the file would end the process.
            if (RandomAccess.GetLength(_handle) < Length)
            {
                throw CheckpointErrors.Changed(Path);
            }

            return new MappedWindow(_map!.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read), length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CheckpointErrors.Unreadable(Path, e);
        }
    }

    /// <summary>Copies a range of the file.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        for (var done = 0; done < destination.Length;)
        {
            var part = destination.Slice(done, Math.Min(MaxWindow, destination.Length - done));
            using var window = Map(offset + done, part.Length);
            window.Slice(0, part.Length).CopyTo(part);
            done += part.Length;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _map?.Dispose();
        _handle.Dispose();
    }
}
