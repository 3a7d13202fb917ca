using System.Runtime.InteropServices;

namespace Gptq.Runtime.Operators;

/// <summary>Memory that a thread keeps from one product to the next, so that running a model allocates nothing.</summary>
internal sealed unsafe class ScratchMemory
{
    private const nuint CacheLine = 64;

    [ThreadStatic]
    private static ScratchMemory? t_memory;

    private void* _memory;
    private long _bytes;

    ~ScratchMemory() => NativeMemory.AlignedFree(_memory);

    /// <summary>At least so many bytes, whose content nobody relies on, until the thread asks again.</summary>
    public static byte* OfThread(long bytes) => (t_memory ??= new ScratchMemory()).AtLeast(bytes);

    private byte* AtLeast(long bytes)
    {
        if (bytes > _bytes)
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            _bytes = 0;
            _memory = NativeMemory.AlignedAlloc((nuint)bytes, CacheLine);
            _bytes = bytes;
        }

        return (byte*)_memory;
    }
}
