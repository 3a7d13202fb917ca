namespace Gptq.Quantization.Caching;

/// <summary>
/// Paths of files inside an entry, with forward slashes. A manifest can come from another machine, so a path is taken only if it stays
/// inside its folder on every system.
/// </summary>
internal static class RelativePath
{
    private const int LongestPath = 1024;

    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= LongestPath && path.Split('/').All(IsSafeName);

    // Backslash and colon separate or name devices and streams on Windows, which also drops dots and blanks at the end.
    private static bool IsSafeName(string name) =>
        name.Length > 0 && name is not ("." or "..") && name[^1] is not ('.' or ' ')
        && !name.Any(c => char.IsControl(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|');
}
