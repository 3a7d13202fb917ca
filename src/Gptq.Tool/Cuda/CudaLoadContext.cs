using System.Reflection;
using System.Runtime.Loader;

namespace Gptq.Tool.Cuda;

/// <summary>Loads Gptq.TorchSharp and what it brings from their folder. What this program has itself is shared, so that both speak of the same types.</summary>
internal sealed class CudaLoadContext(CudaFolder folder) : AssemblyLoadContext("cuda")
{
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        try
        {
            return Default.LoadFromAssemblyName(assemblyName);
        }
        catch (FileNotFoundException)
        {
            var path = Path.Combine(folder.Path, assemblyName.Name + ".dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) => folder.Native(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
}
