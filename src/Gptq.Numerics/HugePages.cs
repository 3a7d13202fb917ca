using System.Runtime.InteropServices;

namespace Gptq.Numerics;

/// <summary>Asks the system for large pages: a matrix whose rows lie in pages of their own costs a table walk a row.</summary>
internal static partial class HugePages
{
    /// <summary>The size of a large page on x64 and arm64, and the alignment that memory needs to get any.</summary>
    public const int Size = 2 << 20;

    private const int MadviseHugePage = 14;

    /// <summary>Asks; whether it is granted changes nothing but the speed.</summary>
    /// <param name="memory">Aligned to <see cref="Size"/>.</param>
    /// <param name="bytes">Its length.</param>
    public static unsafe void Advise(void* memory, nuint bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Madvise(memory, bytes, MadviseHugePage);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library under another name: ordinary pages will do.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static unsafe partial int Madvise(void* memory, nuint bytes, int advice);
}
