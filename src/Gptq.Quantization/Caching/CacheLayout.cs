namespace Gptq.Quantization.Caching;

/// <summary>Where things lie in a cache folder. The top folder carries the layout's version, so that versions can live side by side.</summary>
internal sealed class CacheLayout
{
    public CacheLayout(string root)
    {
        Root = Path.GetFullPath(root);
        Versioned = Path.Combine(Root, "v1");
        Entries = Path.Combine(Versioned, "entries");
        Staging = Path.Combine(Versioned, "staging");
        Journals = Path.Combine(Versioned, "journals");
        Locks = Path.Combine(Versioned, "locks");
        Stamps = Path.Combine(Versioned, "used");
        Digests = Path.Combine(Versioned, "digests");
    }

    public string Root { get; }

    public string Versioned { get; }

    /// <summary>One folder per result, named by its key: always whole.</summary>
    public string Entries { get; }

    /// <summary>Folders being written or deleted, named key.random.</summary>
    public string Staging { get; }

    /// <summary>One folder per interrupted or running quantization.</summary>
    public string Journals { get; }

    /// <summary>Empty files to lock. They stay: deleting one while somebody waits for it would let two processes in.</summary>
    public string Locks { get; }

    /// <summary>One empty file per entry; its time of writing is when the entry was last used.</summary>
    public string Stamps { get; }

    /// <summary>Remembered digests of checkpoint files.</summary>
    public string Digests { get; }

    public string Entry(CacheKey key) => Path.Combine(Entries, key.Hex);

    public string Journal(CacheKey key) => Path.Combine(Journals, key.Hex);

    public string Stamp(CacheKey key) => Path.Combine(Stamps, key.Hex);

    public string Lock(CacheKey key) => Path.Combine(Locks, key.Hex + ".lock");

    /// <summary>The lock for replacing an output folder, whichever key goes into it.</summary>
    public string OutputLock(string outputFolder) =>
        Path.Combine(Locks, Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(outputFolder)) + ".output.lock");

    public string NewStaging(CacheKey key) => Path.Combine(Staging, $"{key.Hex}.{Guid.NewGuid():N}");

    /// <summary>The key that a folder below <see cref="Staging"/> belongs to; null for a stranger.</summary>
    public static CacheKey? KeyOfStaging(string folder) =>
        CacheKey.TryParse(Path.GetFileName(folder).Split('.')[0], out var key) ? key : null;

    /// <summary>Makes the folders, and proves that they can be written.</summary>
    /// <exception cref="IOException">They cannot.</exception>
    /// <exception cref="UnauthorizedAccessException">They cannot.</exception>
    public void EnsureWritable()
    {
        foreach (var folder in (string[])[Entries, Staging, Journals, Locks, Stamps, Digests])
            Directory.CreateDirectory(folder);
        var probe = Path.Combine(Staging, $"probe.{Guid.NewGuid():N}");
        using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
        }
        // Backup programs skip folders with this file (Cache Directory Tagging Specification).
        var tag = Path.Combine(Root, "CACHEDIR.TAG");
        if (!File.Exists(tag))
            AtomicFile.WriteAllText(tag, "Signature: 8a477f597d28d172789f06886806bc55\n# Results of gptq; safe to delete.\n");
    }
}
