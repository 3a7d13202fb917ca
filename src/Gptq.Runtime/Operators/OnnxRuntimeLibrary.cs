using System.Runtime.InteropServices;

namespace Gptq.Runtime.Operators;

/// <summary>The entry point of ONNX Runtime's native library, under the name by which Microsoft.ML.OnnxRuntime loads it.</summary>
internal static partial class OnnxRuntimeLibrary
{
    [LibraryImport("onnxruntime", EntryPoint = "OrtGetApiBase")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static partial nint GetApiBase();
}
