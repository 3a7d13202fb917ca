using Gptq.CacheProcess;
using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class KilledProcessTests : CacheTest
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 10)];

    private static async Task KillAtRandomAsync(HelperProcess helper, int seed)
    {
        await Task.Delay(new Random(seed).Next(120), Token);
        await helper.KillAsync(Token);
    }

    private static string ContentOf(string entryFolder) =>
        Enumerable.Range(0, 3).Select(i => $"{i}").Single(content => Results.Key(content).Hex == Path.GetFileName(entryFolder));

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Nothing_partial_is_visible_after_a_kill(int seed)
    {
        using var helper = HelperProcess.Start("loop", CacheRoot, Output);
        Assert.Equal("0", await helper.ReadLineAsync(Token));
        await KillAtRandomAsync(helper, seed);

        var entries = Directory.GetDirectories(Path.Combine(CacheRoot, "v1", "entries"));
        Assert.NotEmpty(entries);
        Assert.All(entries, entry => Assert.True(Results.IsWhole(Path.Combine(entry, "files"), ContentOf(entry)), entry));
        Assert.True(!Directory.Exists(Output) || Enumerable.Range(0, 3).Any(i => Results.IsWhole(Output, $"{i}")), "The output is no whole result.");

        // The next build is not held up by the lock of the dead, takes what is there, and cleans up.
        var cache = Open();
        foreach (var content in entries.Select(ContentOf))
        {
            using var entry = await cache.AcquireAsync(Results.Key(content), () => Assert.Fail("waits for a dead process"), Token);
            Assert.Equal(CacheHit.Local, await entry.TryMaterializeAsync(Output, Token));
            Assert.True(Results.IsWhole(Output, content));
        }
        cache.Prune(sizeLimit: null);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(CacheRoot, "v1", "staging")));
        Assert.Equal([Output], Directory.GetFileSystemEntries(Path.GetDirectoryName(Output)!));
        Assert.Empty(Warnings);
    }

    [Fact]
    public async Task Reader_never_sees_a_part()
    {
        using var helper = HelperProcess.Start("loop", CacheRoot, Output);
        Assert.Equal("0", await helper.ReadLineAsync(Token));
        var seen = 0;
        for (var round = 0; round < 30; round++)
        {
            foreach (var entry in Directory.GetDirectories(Path.Combine(CacheRoot, "v1", "entries")))
            {
                // Between two looks an entry may be replaced by its equal and vanish, so only what a manifest says of its own folder counts.
                var manifest = Path.Combine(entry, "manifest.json");
                try
                {
                    seen += CacheManifest.Parse(File.ReadAllBytes(manifest), Results.Key(ContentOf(entry))).Files.Count;
                }
                catch (Exception exception) when (exception is DirectoryNotFoundException or FileNotFoundException)
                {
                    continue;
                }
            }
            await helper.ReadLineAsync(Token);
        }
        Assert.True(seen > 0);
        await helper.KillAsync(Token);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Journal_goes_on_after_a_kill(int seed)
    {
        using (var helper = HelperProcess.Start("journal", CacheRoot))
        {
            Assert.Equal("-1", await helper.ReadLineAsync(Token));
            Assert.Equal("0", await helper.ReadLineAsync(Token));
            await KillAtRandomAsync(helper, seed);
        }

        using var entry = await Open().AcquireAsync(Results.Key("journal"), () => Assert.Fail("waits for a dead process"), Token);
        var journal = await entry.OpenJournalAsync(Token);
        Assert.True(journal.LastContiguousBlock >= 0);
        Assert.Empty(Warnings); // a kill damages nothing
        for (var block = 0; block <= journal.LastContiguousBlock; block++)
        {
            foreach (var name in journal.BlobsOf(block))
                Assert.Equal(Results.Bytes($"{block}/{name}"), Read(journal.OpenBlob(block, name)));
        }
        Assert.Equal(Results.Bytes($"{journal.LastContiguousBlock}/{Results.Carried}"), Read(journal.TryOpenCarried(Results.Carried)!));
    }

    [Fact]
    public async Task Two_processes_compute_one_result_once()
    {
        using var first = HelperProcess.Start("once", CacheRoot, Output, "7");
        Assert.Equal("computing", await first.ReadLineAsync(Token));
        using var second = HelperProcess.Start("once", CacheRoot, Output + "-2", "7");
        Assert.Equal("waiting", await second.ReadLineAsync(Token));
        first.Continue();
        Assert.Equal("computed", await first.ReadLineAsync(Token));
        Assert.Equal("taken", await second.ReadLineAsync(Token));
        Assert.Equal(0, await first.WaitAsync(Token));
        Assert.Equal(0, await second.WaitAsync(Token));
        Assert.True(Results.IsWhole(Output, "7"));
        Assert.True(Results.IsWhole(Output + "-2", "7"));
    }

    [Fact]
    public async Task Waiting_process_computes_when_the_first_is_killed()
    {
        using var first = HelperProcess.Start("once", CacheRoot, Output, "7");
        Assert.Equal("computing", await first.ReadLineAsync(Token));
        using var second = HelperProcess.Start("once", CacheRoot, Output, "7");
        Assert.Equal("waiting", await second.ReadLineAsync(Token));
        await first.KillAsync(Token);
        Assert.Equal("computing", await second.ReadLineAsync(Token));
        second.Continue();
        Assert.Equal("computed", await second.ReadLineAsync(Token));
        Assert.True(Results.IsWhole(Output, "7"));
    }

    private static byte[] Read(Stream stream)
    {
        using (stream)
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            return memory.ToArray();
        }
    }
}
