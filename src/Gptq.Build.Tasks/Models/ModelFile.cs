namespace Gptq.Build.Tasks;

/// <summary>A file that the engine wrote.</summary>
internal sealed class ModelFile
{
    public ModelFile(string path, long size)
    {
        Path = path;
        Size = size;
    }

    /// <summary>Relative to the model's folder, with forward slashes.</summary>
    public string Path { get; }

    /// <summary>Its length in bytes.</summary>
    public long Size { get; }
}
