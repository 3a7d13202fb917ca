namespace Gptq.Quantization.Caching;

/// <summary>A folder in which a result grows. Disposing removes it, unless it was committed.</summary>
public sealed class StagingFolder : IDisposable
{
    internal StagingFolder(string root)
    {
        Root = root;
        Directory = Path.Combine(root, CacheManifest.FilesFolder);
        System.IO.Directory.CreateDirectory(Directory);
    }

    /// <summary>Where the result's files go; folders inside are welcome, links are not.</summary>
    public string Directory { get; }

    /// <summary>The whole entry to be.</summary>
    internal string Root { get; }

    /// <inheritdoc/>
    public void Dispose() => DurableFolder.Delete(Root);
}
