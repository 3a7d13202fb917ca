namespace Gptq.Build.Tasks;

/// <summary>The files of a checkpoint that can change its quantized form: tensors, configuration, tokenizer; not its README or pictures.</summary>
internal static class CheckpointFiles
{
    private static readonly HashSet<string> s_extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".safetensors", ".bin", ".json", ".txt", ".model", ".jinja",
    };

    /// <summary>Full paths, in ordinal order.</summary>
    public static IEnumerable<string> In(string directory) => Directory.EnumerateFiles(directory)
        .Where(file => s_extensions.Contains(Path.GetExtension(file)) && !Path.GetFileName(file).StartsWith(".", StringComparison.Ordinal))
        .OrderBy(file => file, StringComparer.Ordinal);
}
