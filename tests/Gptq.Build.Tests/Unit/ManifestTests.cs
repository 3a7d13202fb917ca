using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>The engine's list of files: only what it names ships, and only from its own folder.</summary>
public sealed class ManifestTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_and_inputs_are_read()
    {
        _folder.Write("out/model.onnx", "12345");
        _folder.Write("config.json", "{}");

        var manifest = Read($$"""{ "version": 1, "files": [ { "path": "model.onnx", "size": 5, "sha256": "00" } ], "inputs": [ { "path": "{{_folder["config.json"]}}", "size": 2 }, { "path": "/gone", "size": 1 } ], "more": {} }""");

        var file = Assert.Single(manifest.Files);
        Assert.Equal(("model.onnx", 5L), (file.Path, file.Size));
        Assert.Equal([_folder["config.json"]], manifest.Inputs);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("""{ "version": 2, "files": [ { "path": "model.onnx" } ] }""")]
    [InlineData("""{ "version": 1, "files": [] }""")]
    [InlineData("""{ "version": 1, "files": [ { "path": "missing.onnx" } ] }""")]
    [InlineData("""{ "version": 1, "files": [ { "path": "model.onnx", "size": 6 } ] }""")]
    [InlineData("""{ "version": 1, "files": [ { "path": "../secret" } ] }""")]
    [InlineData("""{ "version": 1, "files": [ { "path": "a/../../secret" } ] }""")]
    [InlineData("""{ "version": 1, "files": [ { "path": "/etc/hostname" } ] }""")]
    [InlineData("""{ "version": 1, "files": [ { "path": "" } ] }""")]
    public void A_manifest_that_does_not_hold_is_refused(string json)
    {
        _folder.Write("out/model.onnx", "12345");
        _folder.Write("secret", "x");

        Assert.Throws<InvalidDataException>(() => Read(json));
    }

    private ModelManifest Read(string json)
    {
        _folder.Write("manifest.json", json);
        return ModelManifest.Read(_folder["manifest.json"], _folder["out"]);
    }
}
