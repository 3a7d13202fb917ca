namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>The cache that all Hugging Face tools share.</summary>
/// <remarks>
/// <code>
/// models--owner--name/refs/main              the commit that the branch was at
/// models--owner--name/snapshots/commit/file  a link to the blob
/// models--owner--name/blobs/etag             the content, by its checksum
/// .locks/models--owner--name/etag.lock       held while the blob is written
/// </code>
/// </remarks>
internal sealed class HubCache
{
    /// <summary>The revision that is meant when none is named.</summary>
    public const string DefaultRevision = "main";

    /// <summary>Creates a cache in a folder, which need not be there.</summary>
    public HubCache(string root) => Root = root;

    /// <summary>The folder of all models.</summary>
    public string Root { get; }

    /// <summary>The cache that the environment names: HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, or ~/.cache/huggingface/hub.</summary>
    public static HubCache FromEnvironment(Func<string, string?> environment)
    {
        foreach (var name in new[] { "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE" })
        {
            if (environment(name) is { Length: > 0 } hub)
            {
                return new HubCache(ExpandHome(hub));
            }
        }

        return new HubCache(Path.Combine(Home(environment), "hub"));
    }

    /// <summary>The folder of all that Hugging Face tools keep: HF_HOME, XDG_CACHE_HOME/huggingface or ~/.cache/huggingface.</summary>
    public static string Home(Func<string, string?> environment)
        => environment("HF_HOME") is { Length: > 0 } home ? ExpandHome(home)
            : environment("XDG_CACHE_HOME") is { Length: > 0 } caches ? Path.Combine(ExpandHome(caches), "huggingface")
            : Path.Combine(UserProfile, ".cache", "huggingface");

    /// <summary>A model's folder.</summary>
    public string Repository(string name) => Path.Combine(Root, FolderName(name));

    /// <summary>The file that is locked while a blob is written.</summary>
    public string Lock(string name, string etag) => Path.Combine(Root, ".locks", FolderName(name), etag + ".lock");

    /// <summary>The content of a checksum.</summary>
    public string Blob(string name, string etag) => Path.Combine(Repository(name), "blobs", etag);

    /// <summary>The files of a commit.</summary>
    public string Snapshot(string name, string commit) => Path.Combine(Repository(name), "snapshots", commit);

    /// <summary>The file that says which commit a branch or tag was at.</summary>
    public string Reference(string name, string revision) => Path.Combine([Repository(name), "refs", .. revision.Split('/')]);

    /// <summary>The folder of a model's files when all its weights are here, else null.</summary>
    public string? Find(string name, string revision)
    {
        if (!RepositoryName.IsValid(name) || !RepositoryName.IsRevision(revision))
        {
            return null;
        }

        var commit = RepositoryName.IsCommit(revision) ? revision : ReadCommit(Reference(name, revision));
        if (commit is null)
        {
            return null;
        }

        var snapshot = Snapshot(name, commit);
        return WeightFiles.AreComplete(snapshot) ? snapshot : null;
    }

    private static string? ReadCommit(string path)
    {
        try
        {
            var commit = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
            return RepositoryName.IsCommit(commit) ? commit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string FolderName(string name) => "models--" + name.Replace("/", "--");

    private static string ExpandHome(string path)
        => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(UserProfile, path.Substring(1).TrimStart('/')) : Path.GetFullPath(path);

    private static string UserProfile => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
