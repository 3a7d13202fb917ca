using System.Runtime.Intrinsics.X86;

namespace Gptq.Numerics;

/// <summary>Asks for memory that will be read soon. Changes nothing but the speed, and does nothing where the processor is not asked.</summary>
internal static unsafe class Prefetch
{
    private const int Line = 16;

    /// <summary>Into the second-level cache.</summary>
    /// <param name="start">The first element; an address that is not there is no error.</param>
    /// <param name="count">Elements.</param>
    public static void Soon(float* start, nint count)
    {
        if (!Sse.IsSupported) return;
        for (nint i = 0; i < count; i += Line) Sse.Prefetch1(start + i);
    }
}
