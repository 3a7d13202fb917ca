namespace Gptq.Quantization.Pipeline;

/// <summary>How a quantization ended.</summary>
/// <param name="Name">The bundle's name.</param>
/// <param name="OutputDirectory">Where the bundle is.</param>
/// <param name="FromCache">Whether an earlier result was taken.</param>
/// <param name="Bytes">The bundle's size.</param>
/// <param name="Elapsed">The time it took.</param>
/// <param name="Warnings">What a person should know.</param>
public sealed record QuantizationSummary(
    string Name, string OutputDirectory, bool FromCache, long Bytes, TimeSpan Elapsed, IReadOnlyList<GptqWarning> Warnings)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"gptq: {Name} -> {OutputDirectory} ({Bytes / 1e6:0.0} MB, {(FromCache ? "from the cache" : $"quantized in {Elapsed.TotalSeconds:0.0} s")})");
}
