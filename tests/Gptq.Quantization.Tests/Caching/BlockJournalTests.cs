using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class BlockJournalTests : CacheTest
{
    private string JournalFolder => Path.Combine(CacheRoot, "v1", "journals", Key("4").Hex);

    private async Task WithJournalAsync(Action<BlockJournal> use)
    {
        using var entry = await Open().AcquireAsync(Key("4"), cancellationToken: Token);
        use(await entry.OpenJournalAsync(Token));
    }

    private static byte[] Bytes(int block, string blob) => [.. Enumerable.Range(0, 100_000 + block).Select(i => (byte)(i + (block * 7) + blob.Length))];

    private static void Finish(BlockJournal journal, int block)
    {
        using var writer = journal.BeginBlock(block);
        foreach (var (blob, carried) in ((string, bool)[])[("fc1/codes", false), ("activations", true), ("../fc2", false), ("empty", false)])
        {
            using var stream = writer.Create(blob, carried);
            if (blob != "empty")
                stream.Write(Bytes(block, blob));
        }
        writer.Commit();
    }

    private static byte[] ReadAll(Stream stream)
    {
        using (stream)
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            return memory.ToArray();
        }
    }

    private static void AssertHolds(BlockJournal journal, int blocks)
    {
        Assert.Equal(blocks - 1, journal.LastContiguousBlock);
        for (var block = 0; block < blocks; block++)
        {
            Assert.Equal(["fc1/codes", "../fc2", "empty"], journal.BlobsOf(block));
            Assert.Equal(Bytes(block, "fc1/codes"), ReadAll(journal.OpenBlob(block, "fc1/codes")));
            Assert.Equal(Bytes(block, "../fc2"), ReadAll(journal.OpenBlob(block, "../fc2")));
            Assert.Empty(ReadAll(journal.OpenBlob(block, "empty")));
        }
    }

    private string Blob(int block, int index) => Path.Combine(JournalFolder, $"block-{block:D5}", $"{index:D5}.blob");

    [Fact]
    public Task New_journal_is_empty() => WithJournalAsync(journal =>
    {
        Assert.Equal(-1, journal.LastContiguousBlock);
        Assert.Null(journal.TryOpenCarried("activations"));
    });

    [Fact]
    public async Task Finished_blocks_are_there_after_a_restart()
    {
        await WithJournalAsync(journal =>
        {
            Finish(journal, 0);
            Finish(journal, 1);
            AssertHolds(journal, 2);
        });
        await WithJournalAsync(journal =>
        {
            AssertHolds(journal, 2);
            Assert.Equal(Bytes(1, "activations"), ReadAll(journal.TryOpenCarried("activations")!));
            Finish(journal, 2);
        });
        await WithJournalAsync(journal => AssertHolds(journal, 3));
        Assert.Empty(Warnings);
    }

    [Fact]
    public async Task Only_the_last_block_carries()
    {
        await WithJournalAsync(journal =>
        {
            Finish(journal, 0);
            Assert.True(File.Exists(Blob(0, 1)));
            Finish(journal, 1);
            Assert.False(File.Exists(Blob(0, 1)));
            Assert.True(File.Exists(Blob(1, 1)));
            Assert.Throws<KeyNotFoundException>(() => journal.OpenBlob(1, "activations"));
        });
    }

    [Fact]
    public Task Block_that_was_not_committed_leaves_nothing() => WithJournalAsync(journal =>
    {
        using (var writer = journal.BeginBlock(0))
        {
            using (var stream = writer.Create("fc1/codes"))
                stream.WriteByte(1);
        }
        Assert.Equal(-1, journal.LastContiguousBlock);
        Assert.Empty(Directory.GetFileSystemEntries(JournalFolder));
        Finish(journal, 0);
    });

    [Fact]
    public Task Blocks_come_in_order() => WithJournalAsync(journal =>
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => journal.BeginBlock(1));
        Finish(journal, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => journal.BeginBlock(0));
    });

    [Fact]
    public Task Open_stream_cannot_be_committed() => WithJournalAsync(journal =>
    {
        using var writer = journal.BeginBlock(0);
        using var stream = writer.Create("fc1/codes");
        Assert.Throws<InvalidOperationException>(writer.Commit);
        Assert.Throws<ArgumentException>(() => writer.Create("fc1/codes"));
    });

    public static TheoryData<string> Damages => ["flip", "cut", "delete", "record", "no record"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Journal_ends_before_the_first_damaged_block(string damage)
    {
        await WithJournalAsync(journal =>
        {
            for (var block = 0; block < 4; block++)
                Finish(journal, block);
        });
        var record = Path.Combine(JournalFolder, "block-00002", "record.json");
        Action harm = damage switch
        {
            "flip" => () => FlipBit(Blob(2, 0), 50_000),
            "cut" => () => File.WriteAllBytes(Blob(2, 0), File.ReadAllBytes(Blob(2, 0))[..^1]),
            "delete" => () => File.Delete(Blob(2, 2)),
            "record" => () => FlipBit(record, 12),
            _ => () => File.Delete(record),
        };
        harm();
        await WithJournalAsync(journal =>
        {
            AssertHolds(journal, 2);
            Assert.Null(journal.TryOpenCarried("activations")); // went when block 2 was finished
            Finish(journal, 2);
        });
        Assert.Equal("GPTQ5108", Assert.Single(Warnings).Code);
        await WithJournalAsync(journal => AssertHolds(journal, 3));
        Assert.Single(Warnings);
    }

    [Fact]
    public async Task Damaged_activations_cost_only_themselves()
    {
        await WithJournalAsync(journal => Finish(journal, 0));
        FlipBit(Blob(0, 1), 10);
        await WithJournalAsync(journal =>
        {
            AssertHolds(journal, 1);
            Assert.Null(journal.TryOpenCarried("activations"));
        });
        Assert.Equal("GPTQ5108", Assert.Single(Warnings).Code);
    }

    [Fact]
    public async Task What_a_killed_process_was_writing_goes()
    {
        await WithJournalAsync(journal => Finish(journal, 0));
        WriteResult(Path.Combine(JournalFolder, "writing-0123"), "half");
        await WithJournalAsync(journal => AssertHolds(journal, 1));
        Assert.Equal(["block-00000"], Directory.GetFileSystemEntries(JournalFolder).Select(Path.GetFileName));
        Assert.Empty(Warnings);
    }

    [Fact]
    public async Task Commit_ends_the_journal()
    {
        await WithJournalAsync(journal => Finish(journal, 0));
        await CommitAsync(Open(), Key("4"), "four");
        Assert.False(Directory.Exists(JournalFolder));
        await WithJournalAsync(journal => Assert.Equal(-1, journal.LastContiguousBlock));
    }

    [Fact]
    public async Task Journals_are_pruned_like_entries()
    {
        await WithJournalAsync(journal => Finish(journal, 0));
        var report = Open().Prune(sizeLimit: 0);
        Assert.Equal(1, report.Removed);
        Assert.True(report.FreedBytes > 200_000);
        Assert.False(Directory.Exists(JournalFolder));
    }
}
