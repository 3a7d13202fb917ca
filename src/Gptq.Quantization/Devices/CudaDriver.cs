using System.Runtime.InteropServices;
using System.Text;

namespace Gptq.Quantization.Devices;

/// <summary>Asks NVIDIA's driver for its GPUs. Nothing else of CUDA is needed for that, or loaded.</summary>
public static unsafe class CudaDriver
{
    private const int Success = 0;
    private const int NameLength = 256;

    /// <summary>The driver's library on this platform.</summary>
    public static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The GPUs, or why there are none. Throws and prints nothing.</summary>
    /// <param name="library">The driver's library.</param>
    public static CudaMachine Probe(string library)
    {
        if (!NativeLibrary.TryLoad(library, out var handle)) return CudaMachine.Without("there is no NVIDIA driver");
        try
        {
            return Ask(handle);
        }
        finally
        {
            NativeLibrary.Free(handle);
        }
    }

    private static CudaMachine Ask(nint library)
    {
        var functions = new nint[Names.Length];
        for (var i = 0; i < Names.Length; i++)
        {
            if (!NativeLibrary.TryGetExport(library, Names[i], out functions[i])) return CudaMachine.Without($"the NVIDIA driver has no {Names[i]}");
        }
        var init = (delegate* unmanaged<uint, int>)functions[0];
        var getCount = (delegate* unmanaged<int*, int>)functions[1];
        var count = 0;
        var error = init(0);
        if (error == Success) error = getCount(&count);
        if (error != Success) return CudaMachine.Without($"the NVIDIA driver does not start (CUDA error {error})");
        if (count == 0) return CudaMachine.Without("the NVIDIA driver knows no GPU");
        var gpus = Enumerable.Range(0, count).Select(index => Describe(functions, index)).OfType<Gpu>().ToList();
        return gpus.Count > 0 ? new CudaMachine(gpus, null) : CudaMachine.Without("no GPU answers");
    }

    private static ReadOnlySpan<string> Names => (string[])
    [
        "cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuMemGetInfo_v2",
        "cuCtxPopCurrent_v2", "cuDevicePrimaryCtxRelease_v2",
    ];

    // Free memory is a context's to tell; the primary one is what everything else in this process will use too.
    private static Gpu? Describe(nint[] functions, int index)
    {
        int device;
        nint context;
        var name = stackalloc byte[NameLength];
        nuint free = 0, total = 0;
        if (((delegate* unmanaged<int*, int, int>)functions[2])(&device, index) != Success) return null;
        if (((delegate* unmanaged<byte*, int, int, int>)functions[3])(name, NameLength, device) != Success) return null;
        if (((delegate* unmanaged<nint*, int, int>)functions[4])(&context, device) != Success) return null;
        try
        {
            if (((delegate* unmanaged<nint, int>)functions[5])(context) != Success) return null;
            var told = ((delegate* unmanaged<nuint*, nuint*, int>)functions[6])(&free, &total) == Success;
            _ = ((delegate* unmanaged<nint*, int>)functions[7])(&context);
            if (!told) return null;
        }
        finally
        {
            _ = ((delegate* unmanaged<int, int>)functions[8])(device);
        }
        return new Gpu(index, Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)), (long)total, (long)free);
    }
}
