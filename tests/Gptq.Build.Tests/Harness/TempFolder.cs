namespace Gptq.Build.Tests;

/// <summary>A folder of its own for a test, deleted after it.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder(string name = "project")
    {
        _root = Directory.CreateTempSubdirectory("gptq-build-").FullName;
        Path = System.IO.Path.Combine(_root, name);
        Directory.CreateDirectory(Path);
    }

    private readonly string _root;

    public string Path { get; }

    /// <summary>A folder beside <see cref="Path"/>, for what must not lie in the project.</summary>
    public string Beside => _root;

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public void Write(string relative, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[relative])!);
        File.WriteAllText(this[relative], text);
    }

    public bool Has(string relative) => System.IO.Path.Exists(this[relative]);

    /// <summary>Every file with its size and time, to tell whether anything was written.</summary>
    public string[] Snapshot() =>
        [.. new DirectoryInfo(Path).EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc:O}").Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(_root, true);
}
