using System.Globalization;
using System.Runtime.Serialization.Json;
using System.Xml;
using System.Xml.Linq;

namespace Gptq.Build.Tasks;

/// <summary>What the engine says it wrote and read: the file named by its option --manifest.</summary>
/// <remarks>
/// <code>
/// { "version": 1,
///   "files":  [ { "path": "model.onnx", "size": 123, "sha256": "…" } ],
///   "inputs": [ { "path": "/models/opt-13b/config.json", "size": 45 } ] }
/// </code>
/// <c>files</c> are relative to the output folder, with forward slashes; these and no others ship. <c>inputs</c> are absolute: the files of
/// the checkpoint that were read, wherever it was found. Written after the output folder is complete.
/// </remarks>
internal sealed class ModelManifest
{
    private ModelManifest(IReadOnlyList<ModelFile> files, IReadOnlyList<string> inputs)
    {
        Files = files;
        Inputs = inputs;
    }

    public IReadOnlyList<ModelFile> Files { get; }

    public IReadOnlyList<string> Inputs { get; }

    /// <summary>Reads a manifest and checks that the files it names are there.</summary>
    /// <exception cref="InvalidDataException">It is missing, is not a manifest, or names files that are not there.</exception>
    public static ModelManifest Read(string path, string outputDirectory)
    {
        XElement root;
        try
        {
            using var stream = File.OpenRead(path);
            using var reader = JsonReaderWriterFactory.CreateJsonReader(stream, XmlDictionaryReaderQuotas.Max);
            root = XElement.Load(reader);
        }
        catch (Exception exception) when (exception is IOException or XmlException or UnauthorizedAccessException or FormatException)
        {
            throw new InvalidDataException($"{path} can not be read: {exception.Message}", exception);
        }
        if ((string?)root.Element("version") != "1") throw new InvalidDataException($"{path} is not a manifest of version 1.");
        var files = Entries(root, "files").Select(entry => Checked(entry, outputDirectory)).ToArray();
        if (files.Length == 0) throw new InvalidDataException($"{path} names no file.");
        return new(files, [.. Entries(root, "inputs").Select(entry => (string?)entry.Element("path") ?? "").Where(File.Exists)]);
    }

    private static IEnumerable<XElement> Entries(XElement root, string name) => root.Element(name)?.Elements() ?? [];

    private static ModelFile Checked(XElement entry, string outputDirectory)
    {
        var path = ((string?)entry.Element("path") ?? "").Replace('\\', '/');
        if (path.Length == 0 || Path.IsPathRooted(path) || path.IndexOf('\n') >= 0 || path.Split('/').Any(part => part is "" or "." or ".."))
            throw new InvalidDataException($"it names the file '{path}', which is not below the output folder.");
        var file = new FileInfo(Path.Combine(outputDirectory, path));
        if (!file.Exists) throw new InvalidDataException($"it names {path}, which is not in {outputDirectory}.");
        if (long.TryParse((string?)entry.Element("size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size != file.Length)
            throw new InvalidDataException($"{path} has {file.Length} bytes instead of {size}.");
        return new(path, file.Length);
    }
}
