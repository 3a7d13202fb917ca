using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class ReadOnlyCacheTests : CacheTest
{
    /// <summary>Looks for a result and computes it when there is none, as the engine does.</summary>
    private async Task<CacheHit> BuildAsync(ResultCache cache, string content)
    {
        using var entry = await cache.AcquireAsync(Key(content), cancellationToken: Token);
        var hit = await entry.TryMaterializeAsync(Output, Token);
        if (hit != CacheHit.None)
            return hit;
        var journal = await entry.OpenJournalAsync(Token);
        using (var block = journal.BeginBlock(0))
            block.Commit();
        using var staging = entry.BeginStaging();
        WriteResult(staging.Directory, content);
        await entry.CommitAsync(staging, cancellationToken: Token);
        Assert.Equal(CacheHit.Local, await entry.TryMaterializeAsync(Output, Token));
        return hit;
    }

    [Fact]
    public async Task Entries_are_used_and_new_results_go_to_the_output_only()
    {
        using var disk = SmallDisk.Mount(CacheRoot, megabytes: 2);
        await CommitAsync(Open(), Key("3"), "three");
        disk.MakeReadOnly();

        var cache = Open();
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("3")));
        Assert.Equal("three", OutputText());
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "4"));
        Assert.Equal("4", OutputText());
        Assert.Equal("GPTQ5102", Assert.Single(Warnings).Code);
        Assert.Equal(Key("3"), Assert.Single(cache.List()).Key);
        Assert.Equal("GPTQ5103", Assert.Throws<GptqException>(() => cache.Clear()).Code);
    }

    [Fact]
    public async Task Folder_that_cannot_be_made_is_an_empty_cache()
    {
        File.WriteAllText(CacheRoot, "a file, so that no folder can be made below");
        var cache = new ResultCache(Options with { Folder = Path.Combine(CacheRoot, "below") });
        Assert.Empty(cache.List());
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "4"));
        Assert.Equal("4", OutputText());
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "4")); // a build's own folder keeps no results
        Assert.Equal("GPTQ5102", Assert.Single(Warnings).Code);
        Assert.DoesNotContain(
            Directory.GetFiles(Options.ScratchFolder!, "*", SearchOption.AllDirectories),
            file => Path.GetFileName(file) == "model.onnx");
    }

    [Fact]
    public async Task Without_a_scratch_folder_it_is_an_error()
    {
        File.WriteAllText(CacheRoot, "");
        var cache = new ResultCache(new() { Folder = Path.Combine(CacheRoot, "below") });
        var error = await Assert.ThrowsAsync<GptqException>(() => cache.AcquireAsync(Key("4"), cancellationToken: Token));
        Assert.Equal("GPTQ5103", error.Code);
        Assert.StartsWith(CacheRoot, error.File, StringComparison.Ordinal);
    }
}
