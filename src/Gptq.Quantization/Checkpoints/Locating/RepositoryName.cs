namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>The hub's rules for names, which also keep a name from leaving the cache when it becomes a path.</summary>
internal static class RepositoryName
{
    private const int MaxPart = 96;
    private const int MaxRevision = 200;
    private const int CommitLength = 40;

    /// <summary>Whether a text is a model's name: <c>owner/name</c> or, for a few old models, <c>name</c>.</summary>
    public static bool IsValid(string name)
    {
        var parts = name.Split('/');
        return parts.Length is 1 or 2 && parts.All(IsPart);
    }

    /// <summary>Whether a text can be a branch, a tag or a commit.</summary>
    public static bool IsRevision(string revision)
        => revision.Length is > 0 and <= MaxRevision && revision.Split('/').All(IsPart);

    /// <summary>Whether a revision is a commit, which never changes.</summary>
    public static bool IsCommit(string revision)
        => revision.Length == CommitLength && revision.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    private static bool IsPart(string part)
        => part.Length is > 0 and <= MaxPart
            && part[0] is not ('.' or '-') && part[part.Length - 1] is not ('.' or '-')
            && part.IndexOf("..", StringComparison.Ordinal) < 0 && part.IndexOf("--", StringComparison.Ordinal) < 0
            && part.All(c => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '.' or '_' or '-');
}
