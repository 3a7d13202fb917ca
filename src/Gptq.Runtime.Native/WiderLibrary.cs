using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Gptq.Runtime.Native;

/// <summary>
/// The same library for AVX-512, where it lies beside this one and the processor has what it was built for. Native code is fixed to one
/// instruction set, so that this library, which every program names, hands over to the wider one.
/// </summary>
internal static unsafe partial class WiderLibrary
{
    private const string FileName = "gptq_operators_avx512";

    /// <summary>Its RegisterCustomOps, or null.</summary>
    public static delegate* unmanaged<nint, nint*, nint> RegisterCustomOps { get; } = Find();

    private static delegate* unmanaged<nint, nint*, nint> Find()
    {
        if (Avx512BW.IsSupported || !X86Base.IsSupported || !ProcessorHasIt() || !SystemSavesIt()) return null;
        if (OwnLibrary.File is not { } own) return null;
        var file = Path.Combine(Path.GetDirectoryName(own)!, FileName + Path.GetExtension(own));
        return NativeLibrary.TryLoad(file, out var library) && NativeLibrary.TryGetExport(library, nameof(RegisterCustomOps), out var export)
            ? (delegate* unmanaged<nint, nint*, nint>)export
            : null;
    }

    /// <summary>x86-64-v4: AVX-512 F, DQ, CD, BW and VL, in EBX of leaf 7.</summary>
    private static bool ProcessorHasIt()
    {
        const int Needed = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 | 1 << 31;
        const int ExtendedFeatures = 7;
        return X86Base.CpuId(0, 0).Eax >= ExtendedFeatures && (X86Base.CpuId(ExtendedFeatures, 0).Ebx & Needed) == Needed;
    }

    /// <summary>Whether the operating system keeps the wide registers when it switches threads.</summary>
    private static bool SystemSavesIt()
    {
        const uint Avx512F = 41;
        const string Processors = "/proc/cpuinfo";
        if (OperatingSystem.IsWindows()) return IsProcessorFeaturePresent(Avx512F) != 0;
        return File.Exists(Processors) && File.ReadLines(Processors).Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Contains(" avx512f", StringComparison.Ordinal));
    }

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int IsProcessorFeaturePresent(uint feature);
}
