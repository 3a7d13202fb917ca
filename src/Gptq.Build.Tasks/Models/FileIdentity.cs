using System.Globalization;
using System.Reflection;

namespace Gptq.Build.Tasks;

/// <summary>Path, size and modification time: what tells a changed file from the one before without reading it.</summary>
internal static class FileIdentity
{
    /// <summary>One line for the fingerprint: <c>size ticks path</c>, the path relative to the project where it lies in it.</summary>
    public static string Of(string path, ProjectContext context)
    {
        var file = new FileInfo(path);
        // Hub caches are folders of links: what counts is the file at the end.
        if ((file.Attributes & FileAttributes.ReparsePoint) != 0 && Link.Target(path) is { } target) file = target;
        return string.Format(CultureInfo.InvariantCulture, "{0} {1} {2}", file.Length, file.LastWriteTimeUtc.Ticks, Relative(path, context));
    }

    /// <summary>The files of a file or folder that is text: the file itself, or its .txt and .jsonl files, all levels, in ordinal order.</summary>
    public static IEnumerable<string> TextFiles(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) return [];
        return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".txt" or ".jsonl")
            .OrderBy(file => file, StringComparer.Ordinal);
    }

    private static class Link
    {
        // .NET 6 and later, where MSBuild runs on it; the .NET Framework (Visual Studio's MSBuild) has no links to follow.
        private static readonly MethodInfo? s_resolve = typeof(File).GetMethod("ResolveLinkTarget", [typeof(string), typeof(bool)]);

        public static FileInfo? Target(string path) => s_resolve?.Invoke(null, [path, true]) as FileInfo;
    }

    private static string Relative(string path, ProjectContext context)
    {
        var root = context.ProjectDirectory.TrimEnd('/', '\\') + Path.DirectorySeparatorChar;
        return path.StartsWith(root, StringComparison.Ordinal) ? path.Substring(root.Length) : path;
    }
}
