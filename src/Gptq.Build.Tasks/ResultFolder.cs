namespace Gptq.Build.Tasks;

/// <summary>Deletes folders that hold results.</summary>
internal static class ResultFolder
{
    /// <summary>Deletes a folder, also when its files are read-only, as files that come from the cache are.</summary>
    public static void Delete(string directory)
    {
        if (!Directory.Exists(directory)) return;
        // Windows alone refuses to delete read-only files; elsewhere lifting the attribute would lift it from the cache's hard link too.
        if (Path.DirectorySeparatorChar == '\\')
            foreach (var file in Directory.GetFiles(directory, "*", SearchOption.AllDirectories)) File.SetAttributes(file, FileAttributes.Normal);
        try
        {
            Directory.Delete(directory, true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another build of the project has deleted it at the same time.
        }
    }

    /// <summary>Deletes folders that hold no file, from the bottom up; the folder itself too.</summary>
    public static void DeleteEmpty(string directory)
    {
        if (!Directory.Exists(directory)) return;
        foreach (var child in Directory.GetDirectories(directory)) DeleteEmpty(child);
        if (!Directory.EnumerateFileSystemEntries(directory).Any()) Directory.Delete(directory);
    }
}
