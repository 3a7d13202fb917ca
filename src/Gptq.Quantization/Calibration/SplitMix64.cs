namespace Gptq.Quantization.Calibration;

/// <summary>
/// Steele, Lea and Flood's SplitMix64 generator. System.Random does not promise the same sequence in every release of .NET; results here
/// must not change with the runtime.
/// </summary>
internal struct SplitMix64(ulong state)
{
    private ulong _state = state;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number below a bound; the bias of at most bound / 2^64 does not matter for sampling text.</summary>
    public ulong Next(ulong bound) => (ulong)(((UInt128)Next() * bound) >> 64);
}
