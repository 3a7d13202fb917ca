using System.Buffers.Binary;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gptq.Quantization.Tests.Checkpoints.Support;

namespace Gptq.Examples.Tests.Docs;

/// <summary>A hub on loopback that has every model of every name: always the same one, the sample checkpoint's embeddings and first block.</summary>
internal sealed partial class LoopbackHub : IAsyncDisposable
{
    private readonly FakeHub _hub;

    private LoopbackHub(FakeHub hub) => _hub = hub;

    public Uri Endpoint => _hub.Endpoint;

    public static async Task<LoopbackHub> StartAsync()
    {
        var hub = await FakeHub.StartAsync();
        foreach (var (name, content) in FirstBlock(TestPaths.BardOpt)) hub.Files[name] = content;
        hub.Intercept = context =>
        {
            var path = AnyRepository().Replace(context.Request.Path.Value!, $"$1/{FakeHub.Repository}/$2/");
            context.Request.Path = AnyRevision().Replace(path, "/revision/main");
            return Task.FromResult(false);
        };
        return new LoopbackHub(hub);
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    /// <summary>A checkpoint with one block instead of several.</summary>
    private static IEnumerable<(string Name, byte[] Content)> FirstBlock(string checkpoint)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(checkpoint, "config.json")))!;
        config["num_hidden_layers"] = 1;
        yield return ("config.json", System.Text.Encoding.UTF8.GetBytes(config.ToJsonString()));
        yield return ("model.safetensors", Without(File.ReadAllBytes(Path.Combine(checkpoint, "model.safetensors")), OtherBlock()));
        foreach (var name in (string[])["vocab.json", "merges.txt", "tokenizer_config.json", "generation_config.json"])
            yield return (name, File.ReadAllBytes(Path.Combine(checkpoint, name)));
    }

    /// <summary>A safetensors file without the tensors of some names: 8 bytes of the header's length, the header, the data.</summary>
    private static byte[] Without(byte[] file, Regex names)
    {
        var start = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var (header, data) = (new JsonObject(), new MemoryStream());
        foreach (var (name, tensor) in JsonNode.Parse(file.AsSpan(8, start - 8))!.AsObject().Where(entry => entry.Key != "__metadata__" && !names.IsMatch(entry.Key)))
        {
            var (from, to) = ((int)tensor!["data_offsets"]![0]!, (int)tensor["data_offsets"]![1]!);
            header[name] = new JsonObject
            {
                ["dtype"] = tensor["dtype"]!.DeepClone(), ["shape"] = tensor["shape"]!.DeepClone(), ["data_offsets"] = new JsonArray(data.Length, data.Length + to - from),
            };
            data.Write(file, start + from, to - from);
        }
        var text = System.Text.Encoding.UTF8.GetBytes(header.ToJsonString());
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        return [.. length, .. text, .. data.ToArray()];
    }

    [GeneratedRegex(@"^(/api/models|)/[^/]+/[^/]+/(revision|resolve)/")]
    private static partial Regex AnyRepository();

    [GeneratedRegex(@"/revision/[^/]+$")]
    private static partial Regex AnyRevision();

    [GeneratedRegex(@"\.layers\.[1-9]")]
    private static partial Regex OtherBlock();
}
