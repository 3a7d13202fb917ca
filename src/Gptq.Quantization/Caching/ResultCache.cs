using Gptq.Quantization.Caching.Remote;

namespace Gptq.Quantization.Caching;

/// <summary>
/// Results by the digest of everything that decides their bytes, in a folder that all projects and processes of a user share. An entry is
/// always whole: it is written beside, flushed and renamed into place; it is checked when it is used; and it never changes.
/// </summary>
/// <remarks>All members may be called from any thread.</remarks>
public sealed class ResultCache : IDisposable
{
    private readonly ResultCacheOptions _options;
    private readonly Lock _sync = new();
    private CacheLayout? _work;

    /// <summary>Opens the cache; nothing is written yet.</summary>
    /// <param name="options">Null: the default folder, no scratch folder, the default limit.</param>
    public ResultCache(ResultCacheOptions? options = null)
    {
        _options = options ?? new();
        Layout = new(_options.Folder is { Length: > 0 } folder ? folder : CacheFolder.Default);
        Remote = _options.Remote is { } remote ? new(remote, Warn) : null;
    }

    /// <summary>The cache folder.</summary>
    public string Folder => Layout.Root;

    internal CacheLayout Layout { get; }

    internal RemoteCache? Remote { get; }

    /// <summary>
    /// Takes a key for this process alone; waits while another process (or another caller in this one) has it, so that two builds of one
    /// model compute it once.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="onWaiting">Called once, when another build has the key.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GptqException">GPTQ5103: neither the cache folder nor the scratch folder can be written. GPTQ5101: disk full.</exception>
    public async Task<CacheEntry> AcquireAsync(CacheKey key, Action? onWaiting = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        while (true)
        {
            var work = Work();
            try
            {
                var held = await FileLock.AcquireAsync(work.Lock(key), onWaiting, cancellationToken).ConfigureAwait(false);
                try
                {
                    return new CacheEntry(this, work, key, held);
                }
                catch
                {
                    held.Dispose();
                    throw;
                }
            }
            catch (UnauthorizedAccessException exception) when (ReferenceEquals(work, Layout))
            {
                UseScratch(exception); // a cache shared with another user, whose files this one cannot open for writing
            }
            catch (IOException exception) when (DiskFull.Is(exception))
            {
                throw DiskFull.Error(work.Root, exception);
            }
        }
    }

    /// <summary>The entries, those used last first.</summary>
    public IReadOnlyList<CacheEntryInfo> List() =>
        [.. CachePruner.List(Layout).OrderByDescending(entry => entry.LastUsed).ThenBy(entry => entry.Key.Hex, StringComparer.Ordinal)];

    /// <summary>Removes entries and journals, those not used for longest first; what a process holds stays. Cleans up after killed processes.</summary>
    /// <param name="sizeLimit">What may stay, in bytes; null: no limit.</param>
    /// <param name="unusedFor">What was not used for longer than this goes; null: nothing goes for its age.</param>
    /// <exception cref="GptqException">GPTQ5103: the cache folder cannot be written.</exception>
    public PruneReport Prune(long? sizeLimit, TimeSpan? unusedFor = null)
    {
        RequireWritable();
        return CachePruner.Prune(Layout, sizeLimit, DateTime.UtcNow - unusedFor);
    }

    /// <summary>Removes all entries, journals and remembered digests; what a process holds stays.</summary>
    /// <exception cref="GptqException">GPTQ5103: the cache folder cannot be written.</exception>
    public PruneReport Clear()
    {
        RequireWritable();
        foreach (var memory in Directory.EnumerateFiles(Layout.Digests))
            File.Delete(memory);
        return CachePruner.Prune(Layout, sizeLimit: null, unusedSince: DateTime.MaxValue);
    }

    /// <summary>Closes connections to the remote cache.</summary>
    public void Dispose() => Remote?.Dispose();

    internal void Warn(GptqWarning warning) => _options.OnWarning?.Invoke(warning);

    /// <summary>Notes that an entry was used now.</summary>
    internal void Touch(CacheLayout layout, CacheKey key)
    {
        if (!ReferenceEquals(layout, Work()))
            return;
        try
        {
            using (File.Open(layout.Stamp(key), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            {
            }
            File.SetLastWriteTimeUtc(layout.Stamp(key), DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without its stamp an entry counts as used when it was written.
        }
    }

    internal void PruneToLimit()
    {
        if (_options.SizeLimit is { } limit && ReferenceEquals(Work(), Layout))
            CachePruner.Prune(Layout, limit, unusedSince: null);
    }

    /// <summary>Where this process writes: the cache folder, or the scratch folder when the cache folder cannot be written.</summary>
    private CacheLayout Work()
    {
        lock (_sync)
        {
            if (_work is not null)
                return _work;
            try
            {
                Layout.EnsureWritable();
                return _work = Layout;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !DiskFull.Is(exception))
            {
                return UseScratch(exception);
            }
            catch (IOException exception)
            {
                throw DiskFull.Error(Layout.Root, exception);
            }
        }
    }

    private CacheLayout UseScratch(Exception reason)
    {
        lock (_sync)
        {
            if (_work is not null && !ReferenceEquals(_work, Layout))
                return _work;
            if (_options.ScratchFolder is null)
                throw NotWritable(Layout.Root, reason);
            var scratch = new CacheLayout(_options.ScratchFolder);
            try
            {
                scratch.EnsureWritable();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw DiskFull.Is(exception) ? DiskFull.Error(scratch.Root, exception) : NotWritable(scratch.Root, exception);
            }
            _work = scratch;
            Warn(new(
                "GPTQ5102",
                $"The cache folder '{Layout.Root}' cannot be written ({reason.Message}). Results in it are used, new ones are not kept. "
                + "Name a folder that can be written in the property GptqCacheDirectory.",
                Layout.Root));
            return scratch;
        }
    }

    private void RequireWritable()
    {
        try
        {
            Layout.EnsureWritable();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(Layout.Root, exception);
        }
    }

    private static GptqException NotWritable(string folder, Exception reason) => new(
        "GPTQ5103",
        $"The folder '{folder}' cannot be written: {reason.Message} Name a folder that can be written in the property GptqCacheDirectory.",
        folder,
        reason);
}
