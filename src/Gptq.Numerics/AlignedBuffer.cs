using System.Runtime.InteropServices;

namespace Gptq.Numerics;

/// <summary>Zeroed float32 memory outside the garbage collector's heap, aligned to a cache line, for matrices that outgrow an array.</summary>
public sealed unsafe class AlignedBuffer : IDisposable
{
    private const int Alignment = 64;
    private float* _pointer;

    /// <summary>Allocates zeros.</summary>
    /// <param name="length">Elements, not bytes.</param>
    /// <exception cref="OutOfMemoryException">The system has no room for them.</exception>
    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        Length = length;
        var bytes = checked((nuint)length * sizeof(float));
        var large = bytes >= 2 * HugePages.Size;
        _pointer = (float*)NativeMemory.AlignedAlloc(bytes, large ? HugePages.Size : (nuint)Alignment);
        if (large) HugePages.Advise(_pointer, bytes);
        NativeMemory.Clear(_pointer, bytes);
        GC.AddMemoryPressure((long)bytes);
    }

    /// <summary>Frees what was not disposed.</summary>
    ~AlignedBuffer() => Free();

    /// <summary>Elements.</summary>
    public long Length { get; }

    /// <summary>The first element.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public float* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer == null, this);
            return _pointer;
        }
    }

    /// <summary>A window.</summary>
    /// <param name="offset">Its first element.</param>
    /// <param name="length">Its elements.</param>
    public Span<float> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length, nameof(length));
        return new Span<float>(Data + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_pointer == null) return;
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        GC.RemoveMemoryPressure(Length * sizeof(float));
    }
}
