namespace Gptq.Quantization.Caching;

/// <summary>A result in the cache, as lists show it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Size">The size of its files in bytes.</param>
/// <param name="LastUsed">When it was last written or taken.</param>
/// <param name="Metadata">What was committed with it; empty for a damaged entry.</param>
public sealed record CacheEntryInfo(CacheKey Key, long Size, DateTimeOffset LastUsed, IReadOnlyDictionary<string, string> Metadata);
