using Google.Protobuf;
using Gptq.Quantization.Caching.Remote.Protocol;

namespace Gptq.Quantization.Caching.Remote;

/// <summary>
/// Results shared by a team over plain HTTP. Whatever goes wrong there is a warning, and the build goes on as if there were no such cache;
/// an unreachable one is asked once a process.
/// </summary>
/// <remarks>
/// A result is an ActionResult at /ac/key that names the entry's files, the manifest among them, as blobs at /cas/sha256. The blobs are
/// put first, so that a reader who sees the result finds them.
/// </remarks>
internal sealed class RemoteCache : IDisposable
{
    private readonly RemoteCacheOptions _options;
    private readonly Action<GptqWarning> _warn;
    private readonly HttpBlobStore _store;
    private readonly HashSet<CacheKey> _damaged = [];
    private volatile bool _silent;
    private volatile bool _readOnly;

    public RemoteCache(RemoteCacheOptions options, Action<GptqWarning> warn)
    {
        (_options, _warn, _store, _readOnly) = (options, warn, new(options), options.ReadOnly);
    }

    /// <summary>Fetches a result into an empty folder; every byte is checked.</summary>
    /// <returns>Null when there is none, or none that can be used; the folder's content is of no use then.</returns>
    /// <exception cref="GptqException">GPTQ5101: disk full.</exception>
    public async Task<CacheManifest?> TryDownloadAsync(CacheKey key, string folder, CancellationToken cancellationToken)
    {
        if (_silent)
            return null;
        try
        {
            return await DownloadAsync(key, folder, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteFailureException failure)
        {
            if (failure.Code == RemoteFailureException.Corrupt)
                Remember(key);
            Report(failure);
            return null;
        }
    }

    /// <summary>Puts a result there.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="entryFolder">The local entry.</param>
    /// <param name="manifest">What it holds.</param>
    /// <param name="cancellationToken">Leaves the remote cache without this result.</param>
    public async Task TryUploadAsync(CacheKey key, string entryFolder, CacheManifest manifest, CancellationToken cancellationToken)
    {
        if (_silent || _readOnly)
            return;
        try
        {
            await UploadAsync(key, entryFolder, manifest, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteFailureException failure)
        {
            Report(failure);
        }
    }

    public void Dispose() => _store.Dispose();

    private async Task<CacheManifest?> DownloadAsync(CacheKey key, string folder, CancellationToken cancellationToken)
    {
        var result = await _store.TryGetSmallAsync("ac", key.Hex, CacheManifest.LargestBytes, cancellationToken).ConfigureAwait(false);
        if (result is null)
            return null;
        var digest = ManifestDigest(result);
        var bytes = await _store.TryGetSmallBlobAsync(digest.Hash, digest.SizeBytes, cancellationToken).ConfigureAwait(false);
        if (bytes is null)
            return null; // the server has dropped it to make room
        var manifest = Parse(bytes, key);
        foreach (var file in manifest.Files)
        {
            var path = Path.Combine(folder, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (file.Size == 0)
                await File.WriteAllBytesAsync(path, [], cancellationToken).ConfigureAwait(false);
            else if (!await _store.TryGetBlobAsync(file.Sha256, file.Size, path, cancellationToken).ConfigureAwait(false))
                return null;
        }
        return manifest;
    }

    private async Task UploadAsync(CacheKey key, string entryFolder, CacheManifest manifest, CancellationToken cancellationToken)
    {
        var bytes = manifest.ToBytes();
        var result = new ActionResult();
        result.OutputFiles.Add(Output(CacheManifest.FileName, Sha256Digest.Of(bytes), bytes.Length));
        foreach (var file in manifest.Files)
            result.OutputFiles.Add(Output($"{CacheManifest.FilesFolder}/{file.Path}", file.Sha256, file.Size));

        // After a damaged download "the server has it" is no reason to leave it there.
        var trustServer = !WasDamaged(key);
        foreach (var file in manifest.Files.Where(file => file.Size > 0).DistinctBy(file => file.Sha256))
        {
            if (!(trustServer && await _store.HasBlobAsync(file.Sha256, file.Size, cancellationToken).ConfigureAwait(false)))
                await _store.PutFileAsync(file.Sha256, CacheManifest.FileIn(entryFolder, file), cancellationToken).ConfigureAwait(false);
        }
        await _store.PutSmallAsync("cas", Sha256Digest.Of(bytes), bytes, cancellationToken).ConfigureAwait(false);
        await _store.PutSmallAsync("ac", key.Hex, result.ToByteArray(), cancellationToken).ConfigureAwait(false);
    }

    private static OutputFile Output(string path, string sha256, long size) => new() { Path = path, Digest = new() { Hash = sha256, SizeBytes = size } };

    private static Digest ManifestDigest(byte[] actionResult)
    {
        try
        {
            var digest = ActionResult.Parser.ParseFrom(actionResult).OutputFiles.FirstOrDefault(file => file.Path == CacheManifest.FileName)?.Digest;
            if (digest is { SizeBytes: > 0 and <= CacheManifest.LargestBytes } && Sha256Digest.IsHex(digest.Hash))
                return digest;
        }
        catch (InvalidProtocolBufferException)
        {
        }
        throw new RemoteFailureException(RemoteFailureException.Corrupt, "what is stored under the key is no result");
    }

    private static CacheManifest Parse(byte[] bytes, CacheKey key)
    {
        try
        {
            return CacheManifest.Parse(bytes, key);
        }
        catch (DamagedEntryException damage)
        {
            throw new RemoteFailureException(RemoteFailureException.Corrupt, damage.Message, damage);
        }
    }

    private void Report(RemoteFailureException failure)
    {
        var (what, then) = failure.Code switch
        {
            RemoteFailureException.Unauthorized => ("does not accept the credentials", $"Set {RemoteCacheOptions.TokenVariable}, or user and password in the URL."),
            RemoteFailureException.Corrupt => ("holds a damaged result", "It is not used, and the model is quantized here."),
            RemoteFailureException.UploadRefused => ("does not take the result", "Later builds find what it has, but this result is not shared."),
            _ => ("does not answer as it should", "This build goes on without it."),
        };
        _silent |= failure.Code is RemoteFailureException.Unauthorized or RemoteFailureException.Unreachable;
        _readOnly |= failure.Code == RemoteFailureException.UploadRefused;
        _warn(new(failure.Code, $"The remote cache {_options.DisplayUrl} {what}: {failure.Message}. {then}"));
    }

    private void Remember(CacheKey damaged)
    {
        lock (_damaged)
            _damaged.Add(damaged);
    }

    private bool WasDamaged(CacheKey key)
    {
        lock (_damaged)
            return _damaged.Contains(key);
    }
}
