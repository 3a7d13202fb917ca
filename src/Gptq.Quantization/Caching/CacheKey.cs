using System.Diagnostics.CodeAnalysis;

namespace Gptq.Quantization.Caching;

/// <summary>Names a result in the cache: the digest of everything that decides the result's bytes. Made by <see cref="CacheKeyBuilder"/>.</summary>
public sealed record CacheKey
{
    private CacheKey(string hex) => Hex = hex;

    /// <summary>The SHA-256 digest: 64 lowercase hexadecimal digits, safe as a file name and in a URL.</summary>
    public string Hex { get; }

    /// <summary>Reads a key back.</summary>
    /// <param name="hex">What <see cref="Hex"/> gave.</param>
    /// <exception cref="FormatException">Not 64 lowercase hexadecimal digits.</exception>
    public static CacheKey Parse(string hex) => TryParse(hex, out var key) ? key : throw new FormatException($"'{hex}' is no cache key.");

    /// <summary>Reads a key back.</summary>
    /// <param name="hex">What <see cref="Hex"/> gave.</param>
    /// <param name="key">The key, when this returns true.</param>
    public static bool TryParse([NotNullWhen(true)] string? hex, [NotNullWhen(true)] out CacheKey? key)
    {
        key = Sha256Digest.IsHex(hex) ? new CacheKey(hex) : null;
        return key is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Hex;
}
