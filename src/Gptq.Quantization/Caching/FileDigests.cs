using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gptq.Quantization.Caching;

/// <summary>
/// Digests of files' contents, remembered in the cache folder by path, size, time of writing and, where the system tells them cheaply,
/// inode and change time: a checkpoint of many gigabytes is read once, not on every build.
/// </summary>
public sealed partial class FileDigests
{
    // A write within the same tick of the file system's clock would not show in its time (FAT ticks every two seconds).
    private static readonly TimeSpan CoarsestTick = TimeSpan.FromSeconds(2);
    private const int Attempts = 3;

    private readonly string _folder;
    private readonly int _degree;

    /// <summary>Opens the memory.</summary>
    /// <param name="cacheFolder">The cache folder; null: <see cref="CacheFolder.Default"/>. Where it cannot be written, nothing is remembered.</param>
    /// <param name="maxDegreeOfParallelism">How many files are read at once; 0: as many as there are processors.</param>
    public FileDigests(string? cacheFolder = null, int maxDegreeOfParallelism = 0)
    {
        _folder = new CacheLayout(cacheFolder is { Length: > 0 } ? cacheFolder : CacheFolder.Default).Digests;
        _degree = maxDegreeOfParallelism > 0 ? maxDegreeOfParallelism : Environment.ProcessorCount;
    }

    /// <summary>Called with each path that had to be read because its digest was not remembered.</summary>
    internal Action<string>? OnHashing { get; init; }

    /// <summary>The digests of files, in the order of the paths.</summary>
    /// <param name="paths">The files; links are followed.</param>
    /// <param name="hashedBytes">Told how many bytes were read since the last call; from several threads.</param>
    /// <param name="cancellationToken">Looked at every megabyte.</param>
    /// <exception cref="GptqException">GPTQ5106: a file is being written while it is read.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public Task<IReadOnlyList<FileDigest>> ComputeAsync(
        IReadOnlyList<string> paths, IProgress<long>? hashedBytes = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Task.Run<IReadOnlyList<FileDigest>>(() =>
        {
            var digests = new FileDigest[paths.Count];
            ParallelWork.For(paths.Count, _degree, i => digests[i] = Compute(paths[i], hashedBytes, cancellationToken), cancellationToken);
            return digests;
        }, cancellationToken);
    }

    /// <summary>The digest of one file.</summary>
    /// <inheritdoc cref="ComputeAsync"/>
    public FileDigest Compute(string path, IProgress<long>? hashedBytes = null, CancellationToken cancellationToken = default)
    {
        // Snapshots in the Hugging Face cache are links into one folder of blobs: by their target, several revisions share one digest.
        var real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var identity = FileIdentity.Of(real);
            if (Recall(real, identity) is { } remembered)
                return new(real, identity.Size, remembered);
            var started = DateTime.UtcNow;
            OnHashing?.Invoke(real);
            var sha256 = Sha256Digest.OfFile(real, hashedBytes, cancellationToken);
            if (identity != FileIdentity.Of(real))
                continue;
            if (identity.WrittenTicks < (started - CoarsestTick).Ticks)
                Remember(real, identity, sha256);
            return new(real, identity.Size, sha256);
        }
        throw new GptqException(
            "GPTQ5106", $"The file '{path}' changes while it is read. Wait until whatever writes it has finished, then build again.", path);
    }

    private string MemoryOf(string path) =>
        Path.Combine(_folder, Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(path)) + ".json");

    private string? Recall(string path, FileIdentity identity)
    {
        try
        {
            var memory = JsonSerializer.Deserialize(File.ReadAllBytes(MemoryOf(path)), MemoryJson.Default.Memory);
            return memory?.Path == path && memory.Identity == identity && Sha256Digest.IsHex(memory.Sha256) ? memory.Sha256 : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // not remembered, or torn by a power cut
        }
    }

    private void Remember(string path, FileIdentity identity, string sha256)
    {
        try
        {
            Directory.CreateDirectory(_folder);
            AtomicFile.WriteAllBytes(MemoryOf(path), JsonSerializer.SerializeToUtf8Bytes(new(path, identity, sha256), MemoryJson.Default.Memory));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A folder that is read-only or full costs reading the file again, nothing else.
        }
    }

    internal sealed record Memory(string Path, FileIdentity Identity, string Sha256);

    [JsonSerializable(typeof(Memory))]
    private sealed partial class MemoryJson : JsonSerializerContext;
}
