using System.IO.MemoryMappedFiles;

namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>A range of a file, mapped into memory until it is disposed.</summary>
internal readonly unsafe ref struct MappedWindow
{
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    public MappedWindow(MemoryMappedViewAccessor view, long length)
    {
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _view = view;
        _start = start + view.PointerOffset;
        Length = length;
    }

    /// <summary>Bytes of the range.</summary>
    public long Length { get; }

    /// <summary>Some bytes of the range.</summary>
    public ReadOnlySpan<byte> Slice(long position, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Length - length);
        return new ReadOnlySpan<byte>(_start + position, length);
    }

    /// <summary>Unmaps the range.</summary>
    public void Dispose()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
    }
}
