using Gptq.Quantization.Caching.Remote;

namespace Gptq.Quantization.Caching;

/// <summary>How a <see cref="ResultCache"/> works.</summary>
public sealed record ResultCacheOptions
{
    /// <summary>The limit when none is given: 100 GiB.</summary>
    public const long DefaultSizeLimit = 100L << 30;

    /// <summary>The cache folder; null: <see cref="CacheFolder.Default"/>.</summary>
    public string? Folder { get; init; }

    /// <summary>
    /// Where to work when the cache folder cannot be written: a folder of the build, such as obj/gptq, best on the volume of the outputs.
    /// Null: a cache folder that cannot be written is an error.
    /// </summary>
    public string? ScratchFolder { get; init; }

    /// <summary>After a commit, entries that were not used for longest are removed until the rest is no larger; in bytes. Null: no limit.</summary>
    public long? SizeLimit { get; init; } = DefaultSizeLimit;

    /// <summary>A cache that a team shares, asked when the folder has no result; null: none.</summary>
    public RemoteCacheOptions? Remote { get; init; }

    /// <summary>Told what a user should know; may be called from any thread.</summary>
    public Action<GptqWarning>? OnWarning { get; init; }
}
