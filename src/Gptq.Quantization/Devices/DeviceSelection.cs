namespace Gptq.Quantization.Devices;

/// <summary>What a model is calibrated and solved on, and why.</summary>
/// <param name="Gpus">The GPUs; none for the processor.</param>
/// <param name="Statement">One line for people.</param>
public sealed record DeviceSelection(IReadOnlyList<Gpu> Gpus, string Statement)
{
    /// <summary>cpu or cuda.</summary>
    public string Kind => Gpus.Count == 0 ? "cpu" : "cuda";

    /// <summary>As quantization.json has it: the kind, and the GPUs' name; nothing that differs between runs on equal machines.</summary>
    public string Description => Gpus.Count == 0 ? Kind : $"{Kind}: {(Gpus.Count > 1 ? $"{Gpus.Count} x " : "")}{Gpus[0].Name}";

    /// <summary>The processor.</summary>
    /// <param name="why">Why no GPU, as a part of a sentence; null where nobody asked for one.</param>
    public static DeviceSelection Processor(string? why) => new([], why is null ? "on the processor" : $"on the processor: {why}");

    /// <summary>GPUs.</summary>
    public static DeviceSelection Cuda(IReadOnlyList<Gpu> gpus) => new(gpus, string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"on {string.Join(", ", gpus.Select(gpu => $"cuda:{gpu.Index} ({gpu.Name}, {Gibibytes(gpu.FreeBytes)} of {Gibibytes(gpu.TotalBytes)} free)"))}"));

    private static string Gibibytes(long bytes) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");
}
