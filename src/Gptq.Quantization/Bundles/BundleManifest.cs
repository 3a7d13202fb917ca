using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Bundles;

/// <summary>What a quantization wrote and read, for the build that asked for it.</summary>
/// <param name="Files">Written: relative to the bundle's folder.</param>
/// <param name="Inputs">Read: whole paths.</param>
public sealed record BundleManifest(IReadOnlyList<BundleManifest.WrittenFile> Files, IReadOnlyList<string> Inputs)
{
    /// <summary>A file of the bundle.</summary>
    /// <param name="Path">Relative to the bundle's folder.</param>
    /// <param name="Size">Bytes.</param>
    /// <param name="Sha256">The content's digest, in hexadecimal.</param>
    public sealed record WrittenFile(string Path, long Size, string Sha256);

    /// <summary>The manifest of a finished bundle.</summary>
    public static BundleManifest Of(string directory, IReadOnlyList<string> inputs) => new(Digests(directory), inputs);

    /// <summary>The files of a folder with their digests, by name.</summary>
    public static IReadOnlyList<WrittenFile> Digests(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(path => (path, name: Path.GetRelativePath(directory, path).Replace('\\', '/')))
            .OrderBy(file => file.name, StringComparer.Ordinal)
            .Select(file =>
            {
                using var stream = File.OpenRead(file.path);
                return new WrittenFile(file.name, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
            })];

    /// <summary>The warnings that quantization.json keeps of a bundle's layers: a result from the cache repeats them.</summary>
    public static IEnumerable<GptqWarning> WarningsOf(string directory)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(directory, BundleFiles.Quantization)))!;
        return LayerSummary.Warnings(json["layers"]!.AsArray());
    }

    /// <summary>Writes the manifest, whole or not at all.</summary>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var json = new JsonObject
        {
            ["version"] = 1,
            ["files"] = new JsonArray([.. Files.Select(file => (JsonNode)new JsonObject { ["path"] = file.Path, ["size"] = file.Size, ["sha256"] = file.Sha256 })]),
            ["inputs"] = new JsonArray([.. Inputs.Select(input => (JsonNode)new JsonObject { ["path"] = input, ["size"] = new FileInfo(input).Length })]),
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var partial = path + ".partial";
        File.WriteAllText(partial, json.ToJsonString(BundleJson.Readable));
        File.Move(partial, path, overwrite: true);
    }
}
