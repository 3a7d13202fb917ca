namespace Gptq.Quantization.Devices;

/// <summary>CUDA as a machine has it: the driver, and the libraries that this software works with on it.</summary>
public interface ICudaPlatform
{
    /// <summary>Asks the driver. Throws and prints nothing, and loads nothing but the driver's own library, where there is one.</summary>
    CudaMachine Probe();

    /// <summary>What is missing of the libraries, as a part of a sentence; null when they are there. Loads nothing.</summary>
    string? MissingLibraries();

    /// <summary>Fetches the libraries, for this and every later run.</summary>
    /// <param name="report">Told what is being done.</param>
    /// <param name="cancellation">Stops the download.</param>
    /// <exception cref="GptqException">GPTQ6102: they can't be fetched.</exception>
    Task InstallAsync(Action<string> report, CancellationToken cancellation);

    /// <summary>Loads the libraries into this process.</summary>
    /// <exception cref="GptqException">GPTQ6103: they do not load.</exception>
    ICudaEngine Load();
}
