using System.Reflection;
using System.Runtime.InteropServices;
using Gptq.Quantization.Caching;

namespace Gptq.Tool.Cuda;

/// <summary>A folder with everything that the engine loads on CUDA: Gptq.TorchSharp, TorchSharp and libtorch, and ONNX Runtime with its CUDA provider.</summary>
internal sealed class CudaFolder
{
    /// <summary>The environment variable that names such a folder.</summary>
    public const string EnvironmentVariable = "GPTQ_TORCH_PATH";

    private const string Solver = "Gptq.TorchSharp.dll";
    private const string Torch = "TorchSharp.dll";

    public CudaFolder(string path) => Path = path;

    /// <summary>The folder that the environment names, else that of this version of the tool in the user's cache.</summary>
    public static CudaFolder Default => Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } named
        ? new CudaFolder(System.IO.Path.GetFullPath(named)) { IsNamed = true }
        : new CudaFolder(System.IO.Path.Combine(CacheFolder.Default, "cuda", Version));

    /// <summary>The version of this tool, and of the packages that belong to it.</summary>
    public static string Version { get; } =
        typeof(CudaFolder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Whether a person named it, so that nothing is written to it.</summary>
    public bool IsNamed { get; private init; }

    /// <summary>The managed assembly that everything else is loaded for.</summary>
    public string SolverAssembly => System.IO.Path.Combine(Path, Solver);

    private static string NativePrefix => OperatingSystem.IsWindows() ? "" : "lib";

    private static string NativeSuffix => OperatingSystem.IsWindows() ? ".dll" : ".so";

    /// <summary>What is missing, as a part of a sentence; null when everything is there.</summary>
    public string? Missing()
    {
        if (!Directory.Exists(Path)) return $"the CUDA libraries are not installed ({Path})";
        string?[] missing =
        [
            File.Exists(SolverAssembly) ? null : Solver,
            File.Exists(System.IO.Path.Combine(Path, Torch)) ? null : Torch,
            Native("LibTorchSharp") is null ? $"{NativePrefix}LibTorchSharp{NativeSuffix}" : null,
        ];
        var names = missing.OfType<string>().ToList();
        return names.Count == 0 ? null : $"{Path} lacks {string.Join(", ", names)}";
    }

    /// <summary>A native library, beside the assemblies or where NuGet puts those of a platform; null when it is not there.</summary>
    /// <param name="name">Without prefix and suffix.</param>
    public string? Native(string name)
    {
        string[] names = [NativePrefix + name + NativeSuffix, name + NativeSuffix, name];
        string[] folders = [Path, System.IO.Path.Combine(Path, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"), System.IO.Path.Combine(Path, "runtimes", Platform, "native")];
        return folders.SelectMany(folder => names.Select(file => System.IO.Path.Combine(folder, file))).FirstOrDefault(File.Exists);
    }

    private static string Platform => OperatingSystem.IsWindows() ? "win-x64" : "linux-x64";
}
