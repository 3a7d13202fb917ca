using System.Text;

namespace Gptq.Quantization.Caching;

/// <summary>
/// Builds a <see cref="CacheKey"/> from named parts: options, format version, digests of files. The order of the calls does not matter;
/// every name, every value and the kind of every part does.
/// </summary>
/// <example>
/// <code>
/// var key = new CacheKeyBuilder(formatVersion: 3)
///     .AddText("options", options.ToCanonicalText())
///     .AddFile("checkpoint/model.safetensors", digest)
///     .Build();
/// </code>
/// </example>
public sealed class CacheKeyBuilder
{
    private const string Purpose = "gptq cache key 1";

    // A strict encoder: two different strings with unpaired surrogates must not both become U+FFFD.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly SortedDictionary<string, (string Kind, string Value)> _parts = new(StringComparer.Ordinal);

    /// <summary>Starts a key.</summary>
    /// <param name="formatVersion">The version of what the engine writes: raised whenever the same input gives other bytes.</param>
    public CacheKeyBuilder(int formatVersion) => AddText("format", formatVersion.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Adds a text, such as the options in canonical form.</summary>
    /// <param name="name">Unique among the parts.</param>
    /// <param name="text">Taken as it is: no trimming, no line end conversion.</param>
    /// <exception cref="ArgumentException">The name is taken, or a text is no valid UTF-16.</exception>
    public CacheKeyBuilder AddText(string name, string text) => Add(name, "text", text);

    /// <summary>Adds a file by its content; where the file lies does not enter the key.</summary>
    /// <param name="name">Unique among the parts: the role of the file, such as <c>tokenizer/vocab.json</c>.</param>
    /// <param name="file">From <see cref="FileDigests"/>.</param>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public CacheKeyBuilder AddFile(string name, FileDigest file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Add(name, "sha256", file.Sha256);
    }

    /// <summary>The key of the parts added so far.</summary>
    public CacheKey Build()
    {
        using var digest = new CanonicalDigest(Purpose);
        digest.Append(_parts.Count);
        foreach (var (name, (kind, value)) in _parts)
            digest.Append(name).Append(kind).Append(value);
        return CacheKey.Parse(digest.Finish());
    }

    private CacheKeyBuilder Add(string name, string kind, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        _ = Utf8.GetByteCount(name) + Utf8.GetByteCount(value);
        if (!_parts.TryAdd(name, (kind, value)))
            throw new ArgumentException($"The key has a part '{name}' already.", nameof(name));
        return this;
    }
}
