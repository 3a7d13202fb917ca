namespace Gptq.Quantization.Caching;

/// <summary>Turns a staged folder into an entry: hashed, flushed, read-only, described by a manifest, then renamed into place.</summary>
internal static class EntryWriter
{
    public static CacheManifest Commit(
        StagingFolder staging, CacheLayout layout, CacheKey key, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        var paths = FilesIn(staging.Directory);
        var files = new ManifestFile[paths.Count];
        ParallelWork.For(paths.Count, Environment.ProcessorCount, i =>
        {
            var path = Path.Combine(staging.Directory, paths[i]);
            files[i] = new(paths[i], new FileInfo(path).Length, Sha256Digest.OfFile(path, cancellationToken: cancellationToken));
        }, cancellationToken);
        var manifest = CacheManifest.Create(key, files, metadata);
        Publish(staging, layout, key, manifest, cancellationToken);
        return manifest;
    }

    /// <summary>Publishes files that have been compared with the manifest already.</summary>
    public static void Publish(StagingFolder staging, CacheLayout layout, CacheKey key, CacheManifest manifest, CancellationToken cancellationToken)
    {
        File.WriteAllBytes(Path.Combine(staging.Root, CacheManifest.FileName), manifest.ToBytes());
        foreach (var path in Directory.EnumerateFiles(staging.Root, "*", SearchOption.AllDirectories))
        {
            cancellationToken.ThrowIfCancellationRequested();
            DurableFolder.FlushFile(path);
            DurableFolder.MakeReadOnly(path);
        }
        DurableFolder.FlushFolders(staging.Root);
        var entry = layout.Entry(key);
        DurableFolder.DeleteAtOnce(entry, layout.NewStaging(key));
        DurableFolder.Publish(staging.Root, entry);
    }

    private static List<string> FilesIn(string folder)
    {
        var found = new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).ToList();
        if (found.Find(item => item.LinkTarget is not null) is { } link)
            throw new InvalidOperationException($"A result cannot hold links: {link.FullName}");
        var paths = found.OfType<FileInfo>()
            .Select(file => Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/'))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (paths.Find(path => !RelativePath.IsSafe(path)) is { } unsafePath)
            throw new InvalidOperationException($"A result cannot hold a file of this name: {unsafePath}");
        return paths;
    }
}
