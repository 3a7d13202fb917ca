namespace Gptq.Quantization.Caching;

/// <summary>Where a result came from.</summary>
public enum CacheHit
{
    /// <summary>Nowhere: it has to be computed.</summary>
    None,

    /// <summary>This machine's cache folder.</summary>
    Local,

    /// <summary>The remote cache.</summary>
    Remote,
}
