using System.Reflection;
using System.Runtime.InteropServices;
using Gptq.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Tool.Cuda;

/// <summary>Lets this process use an ONNX Runtime other than the one beside it. Only before the first use: afterwards the choice is made.</summary>
internal static class OnnxRuntimeLibrary
{
    private const string Name = "onnxruntime";

    /// <summary>Chooses the library that everybody in this process shall use.</summary>
    /// <param name="path">libonnxruntime.so or onnxruntime.dll; its providers lie beside it.</param>
    public static void Use(string path)
    {
        var library = NativeLibrary.Load(path);
        // The operators of Gptq.Runtime ask for the library themselves: both must get the same.
        foreach (var assembly in (Assembly[])[typeof(InferenceSession).Assembly, typeof(QuantizedModel).Assembly])
        {
            NativeLibrary.SetDllImportResolver(
                assembly, (name, _, _) => Path.GetFileNameWithoutExtension(name).EndsWith(Name, StringComparison.OrdinalIgnoreCase) ? library : 0);
        }
    }
}
