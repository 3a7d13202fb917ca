using System.Reflection;
using System.Runtime.InteropServices;
using Gptq.Quantization;
using Gptq.Quantization.Devices;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Tool.Cuda;

/// <summary>CUDA for this process: the driver of the machine, and libraries from a folder that is fetched once.</summary>
/// <param name="folder">Where the libraries are, or shall be.</param>
internal sealed class CudaLibraries(CudaFolder folder) : ICudaPlatform
{
    private const string EntryType = "Gptq.TorchSharp.TorchEngine";

    /// <inheritdoc/>
    public CudaMachine Probe() => CudaDriver.Probe(CudaDriver.LibraryName);

    /// <inheritdoc/>
    public string? MissingLibraries() => folder.Missing();

    /// <inheritdoc/>
    public Task InstallAsync(Action<string> report, CancellationToken cancellation) => folder.IsNamed
        ? throw new GptqException("GPTQ6102", $"{CudaFolder.EnvironmentVariable} names a folder that is not complete: {folder.Missing()}. Complete it, or clear the variable.")
        : new CudaInstaller(folder).RunAsync(report, cancellation);

    /// <inheritdoc/>
    public ICudaEngine Load()
    {
        var torch = LoadTorch();
        try
        {
            if (torch.Start() is { } why) throw new GptqException("GPTQ6103", $"The CUDA libraries in {folder.Path} do not work here: {why}. Update NVIDIA's driver.");
        }
        catch (Exception exception) when (exception is ExternalException or NotSupportedException or TypeInitializationException)
        {
            throw new GptqException("GPTQ6103", $"libtorch in {folder.Path} does not start: {exception.Message}", inner: exception);
        }
        return new CudaEngine(torch, LoadOnnxRuntime());
    }

    /// <summary>Loads Gptq.TorchSharp; whether CUDA works is another question.</summary>
    /// <exception cref="GptqException">GPTQ6103: a library is missing, damaged, or of another version.</exception>
    public ITorchEngine LoadTorch()
    {
        if (folder.Missing() is { } missing) throw new GptqException("GPTQ6103", $"The CUDA libraries are not complete: {missing}.");
        // TorchSharp prints a page where a native library is missing; this asks first.
        var native = folder.Native("LibTorchSharp")!;
        foreach (var optional in (string[])["torch_cuda", "torch_cpu"])
            if (folder.Native(optional) is { } path) Open(path);
        Open(native);
        try
        {
            var assembly = new CudaLoadContext(folder).LoadFromAssemblyPath(folder.SolverAssembly);
            var type = assembly.GetType(EntryType, throwOnError: true)!;
            return (ITorchEngine)Activator.CreateInstance(type)!;
        }
        catch (Exception exception) when (exception is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException
            or InvalidCastException or MissingMethodException or TargetInvocationException)
        {
            throw new GptqException("GPTQ6103", $"{folder.SolverAssembly} does not load: {exception.Message} It has to be of this tool's version, {CudaFolder.Version}.", folder.SolverAssembly, exception);
        }
    }

    private static void Open(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            throw new GptqException("GPTQ6103", $"A native library does not load: {exception.Message}", path, exception);
        }
    }

    // Where only this part fails, the processor can run the model, and the GPU still solves.
    private string? LoadOnnxRuntime()
    {
        if (folder.Native("onnxruntime_providers_cuda") is null || folder.Native("onnxruntime") is not { } library)
            return $"{folder.Path} has no ONNX Runtime with a CUDA provider";
        try
        {
            OnnxRuntimeLibrary.Use(library);
            using var options = new SessionOptions();
            CudaEngine.AddProvider(options, 0);
            return null;
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or DllNotFoundException or BadImageFormatException or InvalidOperationException
            or TypeInitializationException or EntryPointNotFoundException)
        {
            return exception.Message;
        }
    }
}
