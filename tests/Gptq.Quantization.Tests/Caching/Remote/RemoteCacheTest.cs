using Gptq.Quantization.Caching;
using Gptq.Quantization.Caching.Remote;

namespace Gptq.Quantization.Tests.Caching.Remote;

/// <summary>Two machines with a folder each, and a remote cache between them.</summary>
public abstract class RemoteCacheTest : CacheTest
{
    protected static RemoteCacheOptions Remote(string url, string? token = null, bool readOnly = false) =>
        RemoteCacheOptions.Create(url, readOnly, name => name == RemoteCacheOptions.TokenVariable ? token : null)!;

    protected ResultCache Machine(string name, RemoteCacheOptions remote) => new(Options with { Folder = Path.Combine(Root, name), Remote = remote });

    /// <summary>What the engine does: take the result, or compute it.</summary>
    protected async Task<CacheHit> BuildAsync(ResultCache cache, string content)
    {
        using var entry = await cache.AcquireAsync(Key(content), cancellationToken: Token);
        var hit = await entry.TryMaterializeAsync(Output, Token);
        if (hit == CacheHit.None)
        {
            using var staging = entry.BeginStaging();
            WriteResult(staging.Directory, content);
            File.WriteAllBytes(Path.Combine(staging.Directory, "empty"), []);
            File.WriteAllBytes(Path.Combine(staging.Directory, "model.onnx.data"), Data);
            await entry.CommitAsync(staging, cancellationToken: Token);
            Assert.Equal(CacheHit.Local, await entry.TryMaterializeAsync(Output, Token));
        }
        Assert.Equal(content, OutputText());
        Assert.Equal(Data, File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")));
        Assert.Empty(OutputText("empty"));
        return hit;
    }

    protected static byte[] Data { get; } = [.. Enumerable.Range(0, 1_000_000).Select(i => (byte)(i * i >> 3))];

    protected void AssertWarned(string code) => Assert.Equal(code, Assert.Single(Warnings).Code);
}
