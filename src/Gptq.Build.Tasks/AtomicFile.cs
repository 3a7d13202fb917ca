namespace Gptq.Build.Tasks;

/// <summary>Writes files that other builds may be reading: they see what was there before, or the new text, and nothing else.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file, over one that is there.</summary>
    public static void Write(string path, string text)
    {
        var partial = $"{path}.{Guid.NewGuid():N}.partial";
        File.WriteAllText(partial, text);
        try
        {
            if (File.Exists(path)) File.Replace(partial, path, null);
            else File.Move(partial, path);
        }
        catch (IOException) when (File.Exists(path) && File.Exists(partial))
        {
            // Somebody else made it between the question and the move.
            File.Replace(partial, path, null);
        }
    }
}
