using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class FullDiskTests : CacheTest
{
    private static readonly byte[] Megabyte = [.. Enumerable.Range(0, 1 << 20).Select(i => (byte)(i * 31))];

    private static async Task AssertDiskFullAsync(Func<Task> action) =>
        Assert.Equal("GPTQ5101", (await Assert.ThrowsAsync<GptqException>(action)).Code);

    [Fact]
    public async Task Commit_to_a_full_disk_leaves_nothing()
    {
        using var disk = SmallDisk.Mount(CacheRoot, megabytes: 2);
        var cache = Open();
        await CommitAsync(cache, Key("3"), "three");
        using (var entry = await cache.AcquireAsync(Key("4"), cancellationToken: Token))
        using (var staging = entry.BeginStaging())
        {
            WriteResult(staging.Directory, "four");
            disk.Fill();
            await AssertDiskFullAsync(() => entry.CommitAsync(staging, cancellationToken: Token));
        }
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(CacheRoot, "v1", "staging")));
        Assert.Equal(Key("3"), Assert.Single(cache.List()).Key);

        disk.FreeFiller();
        await CommitAsync(cache, Key("4"), "four");
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("4")));
    }

    [Fact]
    public async Task Full_disk_is_told_from_other_failures()
    {
        using var disk = SmallDisk.Mount(CacheRoot, megabytes: 1);
        var full = Assert.ThrowsAny<IOException>(() => File.WriteAllBytes(Path.Combine(CacheRoot, "large"), [.. Megabyte, .. Megabyte]));
        Assert.True(DiskFull.Is(full));
        Assert.False(DiskFull.Is(new FileNotFoundException()));
        await AssertDiskFullAsync(() => Task.FromException(DiskFull.Error(CacheRoot, full)));
    }

    [Fact]
    public async Task Output_on_a_full_disk_keeps_the_old_result()
    {
        var cache = Open();
        await CommitAsync(cache, Key("3"), "three");
        using (var entry = await cache.AcquireAsync(Key("large"), cancellationToken: Token))
        using (var staging = entry.BeginStaging())
        {
            WriteResult(staging.Directory, "large");
            File.WriteAllBytes(Path.Combine(staging.Directory, "model.onnx.data"), [.. Megabyte, .. Megabyte]);
            await entry.CommitAsync(staging, cancellationToken: Token);
        }
        using var disk = SmallDisk.Mount(Path.GetDirectoryName(Output)!, megabytes: 1);
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("3")));
        await AssertDiskFullAsync(() => MaterializeAsync(cache, Key("large")));
        Assert.Equal("three", OutputText());
        Assert.Equal([Output], Directory.GetFileSystemEntries(Path.GetDirectoryName(Output)!));
        Assert.Equal(2, cache.List().Count);
    }

    [Fact]
    public async Task Other_volume_gets_copies_that_are_checked()
    {
        var cache = Open();
        await CommitAsync(cache, Key("4"), "four");
        using var disk = SmallDisk.Mount(Path.GetDirectoryName(Output)!, megabytes: 1);
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("4")));
        Assert.Equal("four", OutputText());
        Assert.True(File.GetAttributes(Path.Combine(Output, "model.onnx")).HasFlag(FileAttributes.ReadOnly));
        FlipBit(EntryFile(Key("4")));
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("4")));
        Assert.Equal("four", OutputText());
    }

    [Fact]
    public async Task Journal_on_a_full_disk_keeps_the_finished_blocks()
    {
        using var disk = SmallDisk.Mount(CacheRoot, megabytes: 4);
        using (var entry = await Open().AcquireAsync(Key("4"), cancellationToken: Token))
        {
            var journal = await entry.OpenJournalAsync(Token);
            await AssertDiskFullAsync(async () =>
            {
                for (var block = 0; ; block++)
                {
                    using var writer = journal.BeginBlock(block);
                    await using (var stream = writer.Create("codes"))
                        await stream.WriteAsync(Megabyte, Token);
                    writer.Commit();
                }
            });
        }
        using (var entry = await Open().AcquireAsync(Key("4"), cancellationToken: Token))
        {
            var journal = await entry.OpenJournalAsync(Token);
            Assert.InRange(journal.LastContiguousBlock, 1, 3);
            for (var block = 0; block <= journal.LastContiguousBlock; block++)
            {
                using var codes = journal.OpenBlob(block, "codes");
                var bytes = new byte[Megabyte.Length];
                codes.ReadExactly(bytes);
                Assert.Equal(Megabyte, bytes);
            }
        }
        Assert.Empty(Warnings);
    }
}
