namespace Gptq.Quantization.Caching;

/// <summary>
/// One key of the cache, held by this process alone until disposed: look for the result, and if there is none, compute it once.
/// </summary>
/// <example>
/// <code>
/// using var entry = await cache.AcquireAsync(key, onWaiting, token);
/// if (await entry.TryMaterializeAsync(output, token) == CacheHit.None)
/// {
///     using var staging = entry.BeginStaging();
///     // write the result into staging.Directory
///     await entry.CommitAsync(staging, metadata, token);
///     await entry.TryMaterializeAsync(output, token);
/// }
/// </code>
/// </example>
public sealed class CacheEntry : IDisposable
{
    private readonly ResultCache _cache;
    private readonly CacheLayout _work;
    private readonly FileLock _lock;
    private bool _verified;

    internal CacheEntry(ResultCache cache, CacheLayout work, CacheKey key, FileLock held)
    {
        (_cache, _work, Key, _lock) = (cache, work, key, held);
        CleanLeftovers();
    }

    /// <summary>The key.</summary>
    public CacheKey Key { get; }

    /// <summary>
    /// Looks for the result, checks every byte of it, and puts it into an output folder, by hard links where that is possible. The folder
    /// is replaced as a whole; files in it are read-only.
    /// </summary>
    /// <param name="outputFolder">Need not exist. An old result in it is replaced.</param>
    /// <param name="cancellationToken">Leaves the output folder as it was.</param>
    /// <returns><see cref="CacheHit.None"/> when the result has to be computed; a damaged one was removed and reported then.</returns>
    /// <exception cref="GptqException">
    /// GPTQ5101: disk full. GPTQ5105: the folder holds something that is no result. GPTQ5107: the old result cannot be replaced.
    /// </exception>
    public Task<CacheHit> TryMaterializeAsync(string outputFolder, CancellationToken cancellationToken = default) =>
        WithDiskFullAsync(outputFolder, () => Task.Run(async () =>
        {
            var output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(outputFolder));
            if (await TryMaterializeLocalAsync(output, cancellationToken).ConfigureAwait(false))
                return CacheHit.Local;
            var found = await TryDownloadAsync(cancellationToken).ConfigureAwait(false)
                && await TryMaterializeLocalAsync(output, cancellationToken).ConfigureAwait(false);
            return found ? CacheHit.Remote : CacheHit.None;
        }, cancellationToken));

    /// <summary>A new, empty folder for the result.</summary>
    public StagingFolder BeginStaging()
    {
        var root = _work.NewStaging(Key);
        try
        {
            return new StagingFolder(root);
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            throw DiskFull.Error(root, exception);
        }
    }

    /// <summary>Opens the journal of the blocks that an interrupted quantization with this key has finished; empty when there was none.</summary>
    /// <param name="cancellationToken">Ends the check of what is there.</param>
    /// <exception cref="GptqException">GPTQ5101: disk full.</exception>
    public Task<BlockJournal> OpenJournalAsync(CancellationToken cancellationToken = default)
    {
        var folder = _work.Journal(Key);
        return WithDiskFullAsync(folder, () => Task.Run(() => BlockJournal.Open(folder, _cache.Warn, cancellationToken), cancellationToken));
    }

    /// <summary>
    /// Makes the staged files the result of this key: on the disk for good, read-only, visible to other processes at once and whole.
    /// The key's journal is deleted, entries over the size limit are pruned, and the result is put into the remote cache if there is one.
    /// </summary>
    /// <param name="staging">From <see cref="BeginStaging"/>; used up.</param>
    /// <param name="metadata">What lists should show about the result: model name, engine version. Does not enter the key.</param>
    /// <param name="cancellationToken">Until the last step, leaves the cache as it was.</param>
    /// <exception cref="GptqException">GPTQ5101: disk full; dispose the staging folder, nothing else is left.</exception>
    public Task CommitAsync(
        StagingFolder staging, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(staging);
        return WithDiskFullAsync(staging.Directory, () => Task.Run(async () =>
        {
            var manifest = EntryWriter.Commit(staging, _work, Key, metadata ?? new Dictionary<string, string>(), cancellationToken);
            Committed();
            if (_cache.Remote is { } remote)
                await remote.TryUploadAsync(Key, _work.Entry(Key), manifest, cancellationToken).ConfigureAwait(false);
            return true;
        }, cancellationToken));
    }

    /// <summary>Lets other processes have the key.</summary>
    public void Dispose()
    {
        // The scratch folder of a build keeps no results: they are in the output folder.
        try
        {
            if (!ReferenceEquals(_work, _cache.Layout))
                DurableFolder.DeleteAtOnce(_work.Entry(Key), _work.NewStaging(Key));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It stays, whole; the next build with this key takes it.
        }
        finally
        {
            _lock.Dispose();
        }
    }

    private async Task<bool> TryMaterializeLocalAsync(string output, CancellationToken cancellationToken)
    {
        foreach (var layout in (CacheLayout[])[_work, .. ReferenceEquals(_work, _cache.Layout) ? [] : new[] { _cache.Layout }])
        {
            var folder = layout.Entry(Key);
            try
            {
                if (CacheManifest.Read(folder, Key) is not { } manifest)
                    continue;
                using var outputLock = await FileLock.AcquireAsync(_work.OutputLock(output), null, cancellationToken).ConfigureAwait(false);
                OutputFolder.Replace(output, folder, manifest, verify: !_verified, cancellationToken);
                DeleteJournal();
                _cache.Touch(layout, Key);
                return true;
            }
            catch (DamagedEntryException damage)
            {
                Drop(layout, folder, damage);
            }
        }
        return false;
    }

    private async Task<bool> TryDownloadAsync(CancellationToken cancellationToken)
    {
        if (_cache.Remote is null)
            return false;
        using var staging = BeginStaging();
        var manifest = await _cache.Remote.TryDownloadAsync(Key, staging.Directory, cancellationToken).ConfigureAwait(false);
        if (manifest is null)
            return false;
        EntryWriter.Publish(staging, _work, Key, manifest, cancellationToken);
        Committed();
        return true;
    }

    /// <summary>The entry was written by this process just now, and its digests are those of what was written.</summary>
    private void Committed()
    {
        _verified = true;
        DeleteJournal();
        _cache.Touch(_work, Key);
        _cache.PruneToLimit();
    }

    private void Drop(CacheLayout layout, string folder, DamagedEntryException damage)
    {
        _cache.Warn(new(
            "GPTQ5104",
            $"The cached result '{folder}' is damaged ({damage.Message}). It is not used, and the model is quantized again. "
            + "If this happens more than once, check the disk.",
            folder));
        if (ReferenceEquals(layout, _work))
            DurableFolder.DeleteAtOnce(folder, layout.NewStaging(Key));
    }

    private void DeleteJournal() => DurableFolder.DeleteAtOnce(_work.Journal(Key), _work.NewStaging(Key));

    private void CleanLeftovers()
    {
        foreach (var leftover in Directory.EnumerateDirectories(_work.Staging, Key.Hex + ".*"))
            DurableFolder.Delete(leftover);
    }

    private static async Task<T> WithDiskFullAsync<T>(string path, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            throw DiskFull.Error(path, exception);
        }
    }
}
