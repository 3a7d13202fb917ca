namespace Gptq.Quantization.Caching;

/// <summary>Where the user's cache is when nobody says otherwise.</summary>
public static class CacheFolder
{
    /// <summary>The environment variable that names the cache folder, spelled as the MSBuild property, so that setting it serves both.</summary>
    public const string EnvironmentVariable = "GptqCacheDirectory";

    /// <summary>
    /// The cache folder: the environment variable <see cref="EnvironmentVariable"/>; else, on Linux, $XDG_CACHE_HOME/gptq or ~/.cache/gptq
    /// (XDG Base Directory Specification); on macOS ~/Library/Caches/gptq; on Windows %LOCALAPPDATA%\gptq.
    /// </summary>
    public static string Default { get; } = Find(
        Environment.GetEnvironmentVariable,
        OperatingSystem.IsWindows() ? CachePlatform.Windows : OperatingSystem.IsMacOS() ? CachePlatform.MacOS : CachePlatform.Xdg,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData));

    internal enum CachePlatform
    {
        Xdg,
        MacOS,
        Windows,
    }

    internal static string Find(Func<string, string?> environment, CachePlatform platform, string home, string localAppData)
    {
        if (environment(EnvironmentVariable) is { Length: > 0 } named)
            return Path.GetFullPath(named);
        // Without a home (some build containers) the temporary folder is the only place left that can be written.
        if (home.Length == 0)
            home = Path.GetTempPath();
        return platform switch
        {
            CachePlatform.Windows => Path.Combine(localAppData.Length > 0 ? localAppData : home, "gptq"),
            CachePlatform.MacOS => Path.Combine(home, "Library", "Caches", "gptq"),
            // The specification: a relative path in XDG_CACHE_HOME is to be ignored.
            _ => environment("XDG_CACHE_HOME") is { } xdg && Path.IsPathFullyQualified(xdg)
                ? Path.Combine(xdg, "gptq")
                : Path.Combine(home, ".cache", "gptq"),
        };
    }
}
