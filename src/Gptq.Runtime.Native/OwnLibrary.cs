using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Gptq.Runtime.Native;

/// <summary>The file that this code was loaded from.</summary>
internal static unsafe class OwnLibrary
{
    /// <summary>Its path: the module that holds the code. The application's folder, which the framework knows, is another one.</summary>
    public static string? File { get; } = Find();

    /// <summary>
    /// Keeps the library for the rest of the process. ONNX Runtime lets go of it with the session options, but .NET's own threads run in it and
    /// cannot be ended.
    /// </summary>
    public static void Pin()
    {
        if (File is not null) NativeLibrary.TryLoad(File, out _);
    }

    private static string? Find()
    {
        delegate* unmanaged<nint, nint*, nint> code = &Exports.RegisterCustomOps;
        using var process = Process.GetCurrentProcess();
        return process.Modules.Cast<ProcessModule>().FirstOrDefault(module => (nint)code >= module.BaseAddress && (nint)code < module.BaseAddress + module.ModuleMemorySize)?.FileName;
    }
}
