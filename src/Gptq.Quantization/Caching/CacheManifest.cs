using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gptq.Quantization.Caching;

/// <summary>A file of an entry.</summary>
/// <param name="Path">Relative to the entry's files, with forward slashes.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">64 lowercase hexadecimal digits.</param>
internal sealed record ManifestFile(string Path, long Size, string Sha256);

/// <summary>What an entry holds. It carries a digest of itself, so that a damaged manifest is found like a damaged file.</summary>
internal sealed partial record CacheManifest(
    string Key, IReadOnlyList<ManifestFile> Files, IReadOnlyDictionary<string, string> Metadata, string Digest)
{
    /// <summary>The manifest's own name in an entry.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The folder of the files in an entry.</summary>
    public const string FilesFolder = "files";

    /// <summary>More is no manifest.</summary>
    public const int LargestBytes = 16 << 20;

    /// <summary>The size of all files in bytes.</summary>
    [JsonIgnore]
    public long Size => Files.Sum(file => file.Size);

    public static CacheManifest Create(CacheKey key, IEnumerable<ManifestFile> files, IReadOnlyDictionary<string, string> metadata)
    {
        ManifestFile[] sorted = [.. files.OrderBy(file => file.Path, StringComparer.Ordinal)];
        var sortedMetadata = new SortedDictionary<string, string>(metadata.ToDictionary(), StringComparer.Ordinal);
        return new(key.Hex, sorted, sortedMetadata, DigestOf(key.Hex, sorted, sortedMetadata));
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.CacheManifest);

    /// <summary>Reads a manifest and checks everything that can be checked without the files.</summary>
    /// <exception cref="DamagedEntryException">It is not what was written, or not for this key.</exception>
    public static CacheManifest Parse(ReadOnlySpan<byte> bytes, CacheKey key)
    {
        CacheManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(bytes, ManifestJson.Default.CacheManifest);
        }
        catch (JsonException exception)
        {
            throw new DamagedEntryException($"its manifest is no JSON: {exception.Message}");
        }
        if (manifest is not { Key: not null, Files: not null, Metadata: not null } || manifest.Files.Any(file => file is not { Path: not null, Sha256: not null }))
            throw new DamagedEntryException("its manifest lacks a part");
        if (manifest.Key != key.Hex || manifest.Digest != DigestOf(manifest.Key, manifest.Files, manifest.Metadata))
            throw new DamagedEntryException("its manifest is not the one that was written");
        foreach (var file in manifest.Files)
        {
            if (!RelativePath.IsSafe(file.Path) || file.Size < 0 || !Sha256Digest.IsHex(file.Sha256))
                throw new DamagedEntryException($"its manifest names a file that cannot be: '{file.Path}'");
        }
        if (manifest.Files.Select(file => file.Path).Distinct(StringComparer.OrdinalIgnoreCase).Count() != manifest.Files.Count)
            throw new DamagedEntryException("its manifest names a file twice");
        return manifest;
    }

    /// <summary>Reads an entry's manifest and compares the sizes of its files; contents are not read.</summary>
    /// <returns>Null when there is no entry.</returns>
    /// <exception cref="DamagedEntryException">It is not what was written.</exception>
    public static CacheManifest? Read(string entryFolder, CacheKey key)
    {
        if (!Directory.Exists(entryFolder))
            return null;
        var path = Path.Combine(entryFolder, FileName);
        if (new FileInfo(path) is not { Exists: true, Length: <= LargestBytes })
            throw new DamagedEntryException("it has no manifest");
        var manifest = Parse(File.ReadAllBytes(path), key);
        foreach (var file in manifest.Files)
        {
            if (new FileInfo(FileIn(entryFolder, file)) is var found && (!found.Exists || found.Length != file.Size))
                throw new DamagedEntryException($"{file.Path} is missing or has another size");
        }
        return manifest;
    }

    /// <summary>Where a file of the manifest lies.</summary>
    public static string FileIn(string entryFolder, ManifestFile file) => Path.Combine(entryFolder, FilesFolder, file.Path);

    private static string DigestOf(string key, IReadOnlyList<ManifestFile> files, IReadOnlyDictionary<string, string> metadata)
    {
        using var digest = new CanonicalDigest("gptq cache manifest 1");
        digest.Append(key).Append(files.Count);
        foreach (var file in files)
            digest.Append(file.Path).Append(file.Size).Append(file.Sha256);
        digest.Append(metadata.Count);
        foreach (var (name, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            digest.Append(name).Append(value ?? "");
        return digest.Finish();
    }

    [JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(CacheManifest))]
    private sealed partial class ManifestJson : JsonSerializerContext;
}
