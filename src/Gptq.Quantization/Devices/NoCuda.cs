namespace Gptq.Quantization.Devices;

/// <summary>For those who bring no CUDA libraries: everything runs on the processor.</summary>
public sealed class NoCuda : ICudaPlatform
{
    private const string Why = "this program was built without it";

    /// <inheritdoc/>
    public CudaMachine Probe() => CudaMachine.Without(Why);

    /// <inheritdoc/>
    public string? MissingLibraries() => Why;

    /// <inheritdoc/>
    public Task InstallAsync(Action<string> report, CancellationToken cancellation) => throw new GptqException("GPTQ6102", $"CUDA can't be used: {Why}.");

    /// <inheritdoc/>
    public ICudaEngine Load() => throw new GptqException("GPTQ6103", $"CUDA can't be used: {Why}.");
}
