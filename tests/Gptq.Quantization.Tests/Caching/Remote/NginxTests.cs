using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching.Remote;

public class NginxTests : RemoteCacheTest, IClassFixture<NginxServer>
{
    private readonly NginxServer _nginx;

    public NginxTests(NginxServer nginx)
    {
        _nginx = nginx;
        nginx.Require();
    }

    private string Blob(string sha256) => Path.Combine(_nginx.OpenFolder, "cas", sha256);

    private static string DigestOf(byte[] bytes) => Sha256Digest.Of(bytes);

    [Fact]
    public async Task Second_machine_takes_the_result_of_the_first()
    {
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("one", Remote(_nginx.Open)), "shared"));
        var two = Machine("two", Remote(_nginx.Open + "/"));
        Assert.Equal(CacheHit.Remote, await BuildAsync(two, "shared"));
        Assert.Equal(CacheHit.Local, await BuildAsync(two, "shared"));
        Assert.Empty(Warnings);
        Assert.True(File.GetAttributes(Path.Combine(Output, "model.onnx")).HasFlag(FileAttributes.ReadOnly));
    }

    [Fact]
    public async Task Blobs_are_shared_between_results()
    {
        var cache = Machine("one", Remote(_nginx.Open));
        await BuildAsync(cache, "blob-1");
        var written = File.GetLastWriteTimeUtc(Blob(DigestOf(Data)));
        await BuildAsync(cache, "blob-2");
        Assert.Equal(written, File.GetLastWriteTimeUtc(Blob(DigestOf(Data))));
    }

    [Fact]
    public async Task Read_only_machine_takes_and_puts_nothing()
    {
        var reader = Machine("reader", Remote(_nginx.Open, readOnly: true));
        Assert.Equal(CacheHit.None, await BuildAsync(reader, "read-only"));
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("writer", Remote(_nginx.Open)), "read-only"));
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("reader 2", Remote(_nginx.Open, readOnly: true)), "read-only"));
        Assert.Empty(Warnings);
    }

    [Fact]
    public async Task User_and_password_come_from_the_url()
    {
        var url = _nginx.Basic.Replace("://", "://me:s3cret%2F%40@", StringComparison.Ordinal);
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("one", Remote(url)), "basic"));
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("two", Remote(url)), "basic"));
        Assert.Empty(Warnings);

        var wrong = _nginx.Basic.Replace("://", "://me:wr0ng@", StringComparison.Ordinal);
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("three", Remote(wrong)), "basic"));
        AssertWarned("GPTQ5111");
        Assert.DoesNotContain("wr0ng", Warnings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_comes_from_the_environment()
    {
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("one", Remote(_nginx.Bearer, "t0ken")), "bearer"));
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("two", Remote(_nginx.Bearer, "t0ken")), "bearer"));
        Assert.Empty(Warnings);

        Assert.Equal(CacheHit.None, await BuildAsync(Machine("three", Remote(_nginx.Bearer, "ol0d")), "bearer"));
        AssertWarned("GPTQ5111");
        Assert.DoesNotContain("ol0d", Warnings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_takes_nothing_is_a_warning_and_still_read()
    {
        await BuildAsync(Machine("one", Remote(_nginx.Open)), "frozen");
        var cache = Machine("two", Remote(_nginx.Frozen));
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "frozen-other"));
        AssertWarned("GPTQ5113");
        Assert.Equal(CacheHit.Remote, await BuildAsync(cache, "frozen"));
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "frozen-another"));
        AssertWarned("GPTQ5113");
    }

    [Fact]
    public async Task Result_that_is_too_large_for_the_server_is_a_warning()
    {
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("one", Remote(_nginx.Small)), "small"));
        AssertWarned("GPTQ5113");
        Assert.Contains("413", Warnings[0].Message, StringComparison.Ordinal);
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("two", Remote(_nginx.Small, readOnly: true)), "small"));
    }

    [Fact]
    public async Task Damaged_blob_is_reported_built_again_and_mended()
    {
        await BuildAsync(Machine("one", Remote(_nginx.Open)), "mended");
        FlipBit(Blob(DigestOf("mended"u8.ToArray())));
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("two", Remote(_nginx.Open)), "mended"));
        AssertWarned("GPTQ5112");
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("three", Remote(_nginx.Open)), "mended"));
        AssertWarned("GPTQ5112");
    }

    [Fact]
    public async Task Blob_that_the_server_has_dropped_is_a_miss()
    {
        await BuildAsync(Machine("one", Remote(_nginx.Open)), "dropped");
        File.Delete(Blob(DigestOf("dropped vocabulary"u8.ToArray())));
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("two", Remote(_nginx.Open)), "dropped"));
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("three", Remote(_nginx.Open)), "dropped"));
        Assert.Empty(Warnings);
    }
}
