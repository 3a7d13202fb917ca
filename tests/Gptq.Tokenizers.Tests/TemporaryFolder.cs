namespace Gptq.Tokenizers.Tests;

/// <summary>A folder that lives as long as a test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gptq-tokenizers-").FullName;

    public TemporaryFolder Write(string name, string content)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, name), content);
        return this;
    }

    public TemporaryFolder Write(string name, byte[] content)
    {
        File.WriteAllBytes(System.IO.Path.Combine(Path, name), content);
        return this;
    }

    public TemporaryFolder Copy(string folder, params string[] names)
    {
        foreach (var name in names) File.Copy(System.IO.Path.Combine(folder, name), System.IO.Path.Combine(Path, name));
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
