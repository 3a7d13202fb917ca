using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

/// <summary>A cache, an output folder and the warnings, in a temporary folder of the test's own.</summary>
public abstract class CacheTest : IDisposable
{
    protected CacheTest() => Directory.CreateDirectory(Root);

    protected string Root { get; } = Path.Combine(Path.GetTempPath(), $"gptq-cache-{Guid.NewGuid():N}");

    protected string CacheRoot => Path.Combine(Root, "cache");

    protected string Output => Path.Combine(Root, "obj", "models", "opt-1.3b");

    protected List<GptqWarning> Warnings { get; } = [];

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static CacheKey Key(string options) => new CacheKeyBuilder(1).AddText("options", options).Build();

    protected ResultCacheOptions Options => new() { Folder = CacheRoot, ScratchFolder = Path.Combine(Root, "obj", "gptq"), OnWarning = Warnings.Add };

    protected ResultCache Open() => new(Options);

    /// <summary>The files of a result of two folders, the same for the same content.</summary>
    protected static void WriteResult(string folder, string content)
    {
        Directory.CreateDirectory(Path.Combine(folder, "tokenizer"));
        File.WriteAllText(Path.Combine(folder, "quantization.json"), "{}");
        File.WriteAllText(Path.Combine(folder, "model.onnx"), content);
        File.WriteAllText(Path.Combine(folder, "tokenizer", "vocab.json"), content + " vocabulary");
    }

    protected static async Task CommitAsync(ResultCache cache, CacheKey key, string content)
    {
        using var entry = await cache.AcquireAsync(key, cancellationToken: Token);
        using var staging = entry.BeginStaging();
        WriteResult(staging.Directory, content);
        await entry.CommitAsync(staging, new Dictionary<string, string> { ["model"] = content }, Token);
    }

    protected async Task<CacheHit> MaterializeAsync(ResultCache cache, CacheKey key)
    {
        using var entry = await cache.AcquireAsync(key, cancellationToken: Token);
        return await entry.TryMaterializeAsync(Output, Token);
    }

    protected string OutputText(string file = "model.onnx") => File.ReadAllText(Path.Combine(Output, file));

    protected string EntryFile(CacheKey key, string file = "model.onnx") => Path.Combine(CacheRoot, "v1", "entries", key.Hex, "files", file);

    /// <summary>Changes one bit of a file, although it is read-only.</summary>
    protected static void FlipBit(string path, long position = 0)
    {
        File.SetAttributes(path, FileAttributes.Normal);
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = position;
        var value = file.ReadByte();
        file.Position = position;
        file.WriteByte((byte)(value ^ 1));
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }
}
