namespace Gptq.Quantization.Caching;

/// <summary>Removes entries and journals, those not used for longest first, never one that a process holds.</summary>
internal static class CachePruner
{
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(1);

    private sealed record Item(CacheKey Key, string Folder, long Size, DateTime LastUsed);

    /// <summary>Prunes.</summary>
    /// <param name="layout">The cache.</param>
    /// <param name="sizeLimit">What may stay in bytes; null: no limit.</param>
    /// <param name="unusedSince">What was used before goes; null: nothing goes for its age.</param>
    public static PruneReport Prune(CacheLayout layout, long? sizeLimit, DateTime? unusedSince)
    {
        CleanOrphans(layout);
        List<Item> items = [.. Items(layout).OrderBy(item => item.LastUsed).ThenBy(item => item.Folder, StringComparer.Ordinal)];
        var (removed, freed, inUse, remaining) = (0, 0L, 0, items.Sum(item => item.Size));
        foreach (var item in items)
        {
            if (!(remaining > sizeLimit || item.LastUsed < unusedSince))
                continue;
            if (!TryRemove(layout, item))
            {
                inUse++;
                continue;
            }
            removed++;
            freed += item.Size;
            remaining -= item.Size;
        }
        return new(removed, freed, inUse, remaining);
    }

    public static IEnumerable<CacheEntryInfo> List(CacheLayout layout)
    {
        foreach (var (key, folder) in Keyed(layout.Entries))
        {
            CacheManifest? manifest = null;
            try
            {
                manifest = CacheManifest.Read(folder, key);
            }
            catch (Exception exception) when (exception is DamagedEntryException or IOException or UnauthorizedAccessException)
            {
                // Listed by its size alone; whoever uses it next finds the damage and reports it.
            }
            yield return new(key, SizeOf(folder), LastUsed(layout, key, folder), manifest?.Metadata ?? new Dictionary<string, string>());
        }
    }

    private static IEnumerable<Item> Items(CacheLayout layout) =>
        Keyed(layout.Entries).Select(entry => new Item(entry.Key, entry.Folder, SizeOf(entry.Folder), LastUsed(layout, entry.Key, entry.Folder)))
            .Concat(Keyed(layout.Journals).Select(journal => new Item(journal.Key, journal.Folder, SizeOf(journal.Folder), Written(journal.Folder))));

    private static IEnumerable<(CacheKey Key, string Folder)> Keyed(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (var below in Directory.EnumerateDirectories(folder))
        {
            if (CacheKey.TryParse(Path.GetFileName(below), out var key))
                yield return (key, below);
        }
    }

    private static DateTime LastUsed(CacheLayout layout, CacheKey key, string folder) =>
        File.Exists(layout.Stamp(key)) ? File.GetLastWriteTimeUtc(layout.Stamp(key)) : Written(folder);

    private static DateTime Written(string folder) => Directory.GetLastWriteTimeUtc(folder);

    // Files can vanish while they are counted: another process prunes, too.
    private static long SizeOf(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool TryRemove(CacheLayout layout, Item item)
    {
        try
        {
            using var held = FileLock.TryAcquire(layout.Lock(item.Key));
            if (held is null)
                return false;
            DurableFolder.DeleteAtOnce(item.Folder, layout.NewStaging(item.Key));
            if (!Directory.Exists(layout.Entry(item.Key)))
                File.Delete(layout.Stamp(item.Key));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes staged folders and temporary files whose process is gone.</summary>
    private static void CleanOrphans(CacheLayout layout)
    {
        foreach (var staged in Directory.EnumerateDirectories(layout.Staging))
        {
            if (CacheLayout.KeyOfStaging(staged) is { } key)
                _ = TryRemoveStaged(layout, key, staged);
        }
        foreach (var temporary in Directory.EnumerateFiles(layout.Digests, "*.tmp"))
        {
            if (File.GetLastWriteTimeUtc(temporary) < DateTime.UtcNow - OrphanAge)
                File.Delete(temporary);
        }
    }

    private static bool TryRemoveStaged(CacheLayout layout, CacheKey key, string staged)
    {
        try
        {
            using var held = FileLock.TryAcquire(layout.Lock(key));
            if (held is not null)
                DurableFolder.Delete(staged);
            return held is not null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
