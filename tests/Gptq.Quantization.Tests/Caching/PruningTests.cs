using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class PruningTests : CacheTest
{
    private async Task<ResultCache> FilledAsync()
    {
        var cache = Open();
        foreach (var content in (string[])["a", "b", "c"])
        {
            await CommitAsync(cache, Key(content), content);
            Age(content, days: 'z' - content[0]); // a is the oldest
        }
        return cache;
    }

    private void Age(string content, int days) =>
        File.SetLastWriteTimeUtc(Path.Combine(CacheRoot, "v1", "used", Key(content).Hex), DateTime.UtcNow.AddDays(-days));

    private static IEnumerable<string> Models(ResultCache cache) => cache.List().Select(entry => entry.Metadata["model"]);

    [Fact]
    public async Task List_shows_entries_used_last_first()
    {
        var cache = await FilledAsync();
        Assert.Equal(["c", "b", "a"], Models(cache));
        Assert.All(cache.List(), entry => Assert.True(entry.Size > 0));
        Assert.Equal(Key("c"), cache.List()[0].Key);
    }

    [Fact]
    public async Task List_of_nothing_is_empty()
    {
        Assert.Empty(Open().List());
        var cache = Open();
        using var entry = await cache.AcquireAsync(Key("a"), cancellationToken: Token);
        Assert.Empty(cache.List());
    }

    [Fact]
    public async Task Damaged_entry_is_listed()
    {
        var cache = await FilledAsync();
        FlipBit(EntryFile(Key("a"), "../manifest.json"));
        Assert.Contains(cache.List(), entry => entry.Key == Key("a") && entry.Metadata.Count == 0 && entry.Size > 0);
    }

    [Fact]
    public async Task Entries_not_used_for_longest_go_first()
    {
        var cache = await FilledAsync();
        await MaterializeAsync(cache, Key("a")); // now the youngest
        var size = cache.List().Sum(entry => entry.Size);
        var report = cache.Prune(size - 1);
        Assert.Equal(["a", "c"], Models(cache));
        Assert.Equal((1, 0), (report.Removed, report.InUse));
        Assert.Equal(size, report.FreedBytes + report.RemainingBytes);
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("b")));
    }

    [Fact]
    public async Task Old_entries_go()
    {
        var cache = await FilledAsync();
        Age("a", days: 3);
        Age("b", days: 1);
        Age("c", days: 5);
        Assert.Equal(2, cache.Prune(sizeLimit: null, TimeSpan.FromDays(2)).Removed);
        Assert.Equal(["b"], Models(cache));
    }

    [Fact]
    public async Task Entry_in_use_stays()
    {
        var cache = await FilledAsync();
        using var held = await cache.AcquireAsync(Key("a"), cancellationToken: Token);
        var report = cache.Clear();
        Assert.Equal((2, 1), (report.Removed, report.InUse));
        Assert.Equal(["a"], Models(cache));
        Assert.Equal(CacheHit.Local, await held.TryMaterializeAsync(Output, Token));
    }

    [Fact]
    public async Task Output_survives_its_entry()
    {
        var cache = await FilledAsync();
        await MaterializeAsync(cache, Key("a"));
        Assert.Equal(3, cache.Clear().Removed);
        Assert.Empty(cache.List());
        Assert.Equal("a", OutputText());
    }

    [Fact]
    public async Task Commit_prunes_to_the_limit_but_keeps_its_own_entry()
    {
        await FilledAsync();
        var cache = new ResultCache(Options with { SizeLimit = 1 });
        await CommitAsync(cache, Key("d"), "d");
        Assert.Equal(["d"], Models(cache));
    }

    [Fact]
    public async Task Leftovers_of_killed_processes_go_but_not_those_of_living_ones()
    {
        var cache = Open();
        using var entry = await cache.AcquireAsync(Key("a"), cancellationToken: Token);
        using var staging = entry.BeginStaging();
        var dead = Path.Combine(CacheRoot, "v1", "staging", Key("b").Hex + ".0123");
        WriteResult(dead, "half");
        cache.Prune(sizeLimit: null);
        Assert.False(Directory.Exists(dead));
        Assert.True(Directory.Exists(staging.Directory));
    }

    [Fact]
    public void Clear_forgets_digests()
    {
        var path = Path.Combine(Root, "model");
        File.WriteAllText(path, "content");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-1));
        new FileDigests(CacheRoot).Compute(path, cancellationToken: Token);
        var memories = Path.Combine(CacheRoot, "v1", "digests");
        Assert.NotEmpty(Directory.GetFiles(memories));
        Open().Clear();
        Assert.Empty(Directory.GetFiles(memories));
    }
}
