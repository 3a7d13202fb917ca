using System.Security.Cryptography;
using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class FileDigestsTests : CacheTest
{
    private readonly List<string> _read = [];

    private FileDigests Digests => new(CacheRoot, maxDegreeOfParallelism: 1) { OnHashing = _read.Add };

    private string Write(string name, string content, int ageInSeconds = 60)
    {
        var path = Path.Combine(Root, name);
        File.WriteAllText(path, content);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(-ageInSeconds));
        return path;
    }

    private static string Expected(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    [Fact]
    public void Digest_is_sha256()
    {
        var path = Write("abc", "abc");
        var digest = Digests.Compute(path, cancellationToken: Token);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", digest.Sha256); // FIPS 180-2, appendix B.1
        Assert.Equal(3, digest.Size);
        Assert.Equal(path, digest.Path);
    }

    [Fact]
    public async Task File_is_read_once()
    {
        string[] paths = [Write("one", "1"), Write("two", "22"), Write("empty", "")];
        var first = await Digests.ComputeAsync(paths, cancellationToken: Token);
        Assert.Equal(paths.Select(Expected), first.Select(digest => digest.Sha256));
        Assert.Equal(3, _read.Count);

        var second = await Digests.ComputeAsync([.. paths.Reverse()], cancellationToken: Token);
        Assert.Equal(first.Reverse(), second);
        Assert.Equal(3, _read.Count);
    }

    [Fact]
    public void Change_is_seen()
    {
        var path = Write("model", "old", ageInSeconds: 60);
        Digests.Compute(path, cancellationToken: Token);
        Write("model", "new", ageInSeconds: 30);
        Assert.Equal(Expected(path), Digests.Compute(path, cancellationToken: Token).Sha256);
    }

    [Fact]
    public void Change_is_seen_even_when_size_and_time_stay()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells inode and change time cheaply.");
        var path = Write("model", "old");
        var time = File.GetLastWriteTimeUtc(path);
        Digests.Compute(path, cancellationToken: Token);
        File.WriteAllText(path, "new");
        File.SetLastWriteTimeUtc(path, time);
        Assert.Equal(Expected(path), Digests.Compute(path, cancellationToken: Token).Sha256);
    }

    [Fact]
    public void File_written_just_now_is_not_remembered()
    {
        var path = Write("model", "content", ageInSeconds: 0);
        Digests.Compute(path, cancellationToken: Token);
        Digests.Compute(path, cancellationToken: Token);
        Assert.Equal(2, _read.Count);
    }

    [Fact]
    public void File_from_the_future_is_not_remembered()
    {
        var path = Write("model", "content", ageInSeconds: -3600);
        Digests.Compute(path, cancellationToken: Token);
        Digests.Compute(path, cancellationToken: Token);
        Assert.Equal(2, _read.Count);
    }

    [Fact]
    public void File_that_changes_while_it_is_read_is_an_error()
    {
        var path = Write("model", "content");
        var digests = new FileDigests(CacheRoot) { OnHashing = changing => File.AppendAllText(changing, "+") };
        var error = Assert.Throws<GptqException>(() => digests.Compute(path, cancellationToken: Token));
        Assert.Equal("GPTQ5106", error.Code);
        Assert.Equal(path, error.File);
    }

    [Fact]
    public void Two_links_share_one_digest()
    {
        var blob = Write("blob", "content");
        var (one, two) = (Path.Combine(Root, "one"), Path.Combine(Root, "two"));
        File.CreateSymbolicLink(one, blob);
        File.CreateSymbolicLink(two, "blob");
        Assert.Equal(Digests.Compute(one, cancellationToken: Token), Digests.Compute(two, cancellationToken: Token));
        Assert.Single(_read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"Path":null,"Identity":null,"Sha256":null}""")]
    public void Damaged_memory_is_no_harm(string damage)
    {
        var path = Write("model", "content");
        Digests.Compute(path, cancellationToken: Token);
        var memory = Assert.Single(Directory.GetFiles(Path.Combine(CacheRoot, "v1", "digests")));
        File.WriteAllText(memory, damage);
        Assert.Equal(Expected(path), Digests.Compute(path, cancellationToken: Token).Sha256);
        Assert.Equal(2, _read.Count);
    }

    [Fact]
    public void Folder_that_cannot_be_written_is_no_harm()
    {
        var path = Write("model", "content");
        var digests = new FileDigests(Path.Combine(path, "below a file"));
        Assert.Equal(Expected(path), digests.Compute(path, cancellationToken: Token).Sha256);
    }

    [Fact]
    public async Task Progress_counts_every_byte()
    {
        var path = Path.Combine(Root, "large");
        File.WriteAllBytes(path, new byte[(3 << 20) + 7]);
        var counter = new Counter();
        await Digests.ComputeAsync([path], counter, Token);
        Assert.Equal((3 << 20) + 7, counter.Total);
    }

    [Fact]
    public async Task Cancellation_stops_reading()
    {
        var path = Path.Combine(Root, "large");
        File.WriteAllBytes(path, new byte[4 << 20]);
        using var source = new CancellationTokenSource();
        var counter = new Counter { OnReport = source.Cancel };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Digests.ComputeAsync([path], counter, source.Token));
        Assert.InRange(counter.Total, 1, 2 << 20);
    }

    private sealed class Counter : IProgress<long>
    {
        private long _total;

        public long Total => _total;

        public Action? OnReport { get; init; }

        public void Report(long value)
        {
            Interlocked.Add(ref _total, value);
            OnReport?.Invoke();
        }
    }
}
