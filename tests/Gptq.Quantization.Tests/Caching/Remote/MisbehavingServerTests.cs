using System.Collections.Concurrent;
using Google.Protobuf;
using Gptq.Quantization.Caching;
using Gptq.Quantization.Caching.Remote;
using Gptq.Quantization.Caching.Remote.Protocol;

namespace Gptq.Quantization.Tests.Caching.Remote;

public class MisbehavingServerTests : RemoteCacheTest
{
    private static RemoteCacheOptions Impatient(string url, string? token = null)
    {
        var options = Remote(url, token);
        options.StallTimeout = TimeSpan.FromMilliseconds(500);
        return options;
    }

    /// <summary>A server that does what it should.</summary>
    private static Func<Request, Answer> Honest(ConcurrentDictionary<string, byte[]> stored) => request => request.Method switch
    {
        "PUT" => new(stored.TryAdd(request.Path, request.Body) ? 201 : 204),
        _ => stored.TryGetValue(request.Path, out var body) ? new(200, body) : new(404),
    };

    private async Task<ConcurrentDictionary<string, byte[]>> StoredAsync(string content)
    {
        var stored = new ConcurrentDictionary<string, byte[]>();
        using var server = new ScriptedServer(Honest(stored));
        Assert.Equal(CacheHit.None, await BuildAsync(Machine("first", Remote(server.Url)), content));
        return stored;
    }

    [Fact]
    public async Task Result_is_put_after_its_blobs()
    {
        using var server = new ScriptedServer(Honest([]));
        await BuildAsync(Machine("one", Remote(server.Url + "/team", token: "t0ken")), "order");
        var puts = server.Requests.Where(request => request.Method == "PUT").ToList();
        Assert.Equal($"/team/ac/{Key("order")}", puts[^1].Path);
        Assert.All(puts[..^1], put => Assert.Equal($"/team/cas/{Sha256Digest.Of(put.Body)}", put.Path));
        Assert.All(server.Requests, request => Assert.Equal("Bearer t0ken", request.Authorization));

        // What Bazel's servers look at before they answer: every file with path, digest and size.
        var files = ActionResult.Parser.ParseFrom(puts[^1].Body).OutputFiles;
        Assert.Equal(
            ["manifest.json", "files/empty", "files/model.onnx", "files/model.onnx.data", "files/quantization.json", "files/tokenizer/vocab.json"],
            files.Select(file => file.Path));
        Assert.Equal(Sha256Digest.Of(Data), files[3].Digest.Hash);
        Assert.Equal(Data.Length, files[3].Digest.SizeBytes);
    }

    [Fact]
    public async Task Honest_server_serves()
    {
        using var server = new ScriptedServer(Honest(await StoredAsync("honest")));
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("second", Remote(server.Url)), "honest"));
        Assert.Empty(Warnings);
    }

    [Fact]
    public async Task Server_that_is_not_there_is_asked_once()
    {
        string url;
        using (var server = new ScriptedServer(_ => new(200)))
            url = server.Url;
        var cache = Machine("one", Remote(url));
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "one"));
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "two"));
        AssertWarned("GPTQ5110");
    }

    public static TheoryData<string, string> Failures => new()
    {
        { "503 for the result", "GPTQ5110" },
        { "503 for a blob", "GPTQ5110" },
        { "401", "GPTQ5111" },
        { "403", "GPTQ5111" },
        { "hangs before the head", "GPTQ5110" },
        { "hangs within a blob", "GPTQ5110" },
        { "closes within a blob", "GPTQ5110" },
        { "redirects in a circle", "GPTQ5110" },
        { "flipped blob", "GPTQ5112" },
        { "short blob", "GPTQ5112" },
        { "long blob", "GPTQ5112" },
        { "result is a web page", "GPTQ5112" },
        { "empty result", "GPTQ5112" },
        { "result without end", "GPTQ5112" },
        { "result of another key", "GPTQ5112" },
        { "manifest that climbs out", "GPTQ5112" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Whatever_the_server_does_the_build_goes_on(string failure, string code)
    {
        var stored = await StoredAsync("content");
        await StoredAsync("other");
        var honest = Honest(stored);
        var result = $"/ac/{Key("content")}";
        var blob = $"/cas/{Sha256Digest.Of(Data)}";
        var endless = new byte[CacheManifest.LargestBytes + 1];
        var climbing = ManifestThatClimbs(stored);
        using var server = new ScriptedServer(request => (failure, request.Method, request.Path) switch
        {
            ("503 for the result", "GET", _) => new(503),
            ("503 for a blob", "GET", var path) when path == blob => new(503),
            ("401", _, _) => new(401),
            ("403", _, _) => new(403),
            ("hangs before the head", _, _) => new(200, HangsBefore: true),
            ("hangs within a blob", "GET", var path) when path == blob => new(200, Data[..1000], Data.Length, HangsAfter: true),
            ("closes within a blob", "GET", var path) when path == blob => new(200, Data[..1000], Data.Length),
            ("redirects in a circle", "GET", var path) => new(302, Location: path),
            ("flipped blob", "GET", var path) when path == blob => new(200, [(byte)(Data[0] ^ 1), .. Data[1..]]),
            ("short blob", "GET", var path) when path == blob => new(200, Data[..^1]),
            ("long blob", "GET", var path) when path == blob => new(200, [.. Data, 0], -1),
            ("result is a web page", "GET", var path) when path == result => new(200, "<html>Please log in</html>"u8.ToArray()),
            ("empty result", "GET", var path) when path == result => new(200),
            ("result without end", "GET", var path) when path == result => new(200, endless, -1),
            ("result of another key", "GET", var path) when path == result => new(200, ResultOf(Key("other"), "first")),
            ("manifest that climbs out", "GET", var path) when path == result => new(200, climbing),
            _ => honest(request),
        });
        if (failure == "result of another key")
            stored.TryAdd($"/cas/{ManifestDigest(Key("other"))}", File.ReadAllBytes(ManifestOf(Key("other"))));

        var hangs = failure.StartsWith("hangs", StringComparison.Ordinal);
        var cache = Machine("second", hangs ? Impatient(server.Url, "t0ken") : Remote(server.Url, "t0ken"));
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "content"));
        AssertWarned(code);
        Assert.DoesNotContain("t0ken", Warnings[0].Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Root, "second", "v1", "staging")));
        Assert.False(File.Exists(Path.Combine(Root, "second", "v1", "evil")));
    }

    [Fact]
    public async Task Credentials_do_not_follow_a_redirect()
    {
        using var elsewhere = new ScriptedServer(Honest(await StoredAsync("redirected")));
        using var server = new ScriptedServer(request => new(302, Location: elsewhere.Url + request.Path));
        Assert.Equal(CacheHit.Remote, await BuildAsync(Machine("second", Remote(server.Url, "t0ken")), "redirected"));
        Assert.All(server.Requests, request => Assert.Equal("Bearer t0ken", request.Authorization));
        Assert.NotEmpty(elsewhere.Requests);
        Assert.All(elsewhere.Requests, request => Assert.Null(request.Authorization));
    }

    [Fact]
    public async Task Stalled_upload_is_a_warning()
    {
        using var server = new ScriptedServer(request => request.Method == "PUT" ? new(200, HangsBefore: true) : new(404));
        var cache = new ResultCache(Options with { Remote = Impatient(server.Url) });
        Assert.Equal(CacheHit.None, await BuildAsync(cache, "content"));
        AssertWarned("GPTQ5110");
    }

    [Fact]
    public async Task Cancellation_stops_a_transfer()
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var server = new ScriptedServer(_ =>
        {
            source.Cancel();
            return new(200, HangsBefore: true);
        });
        using var entry = await Machine("one", Remote(server.Url)).AcquireAsync(Key("content"), cancellationToken: Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => entry.TryMaterializeAsync(Output, source.Token));
        Assert.Empty(Warnings);
    }

    private string ManifestOf(CacheKey key) => Path.Combine(Root, "first", "v1", "entries", key.Hex, "manifest.json");

    private string ManifestDigest(CacheKey key) => Sha256Digest.Of(File.ReadAllBytes(ManifestOf(key)));

    private byte[] ResultOf(CacheKey key, string machine)
    {
        var manifest = File.ReadAllBytes(Path.Combine(Root, machine, "v1", "entries", key.Hex, "manifest.json"));
        return Result(manifest);
    }

    private static byte[] Result(byte[] manifest)
    {
        var result = new ActionResult();
        result.OutputFiles.Add(new OutputFile { Path = "manifest.json", Digest = new() { Hash = Sha256Digest.Of(manifest), SizeBytes = manifest.Length } });
        return result.ToByteArray();
    }

    /// <summary>A manifest with correct digests whose file would land outside the entry.</summary>
    private static byte[] ManifestThatClimbs(ConcurrentDictionary<string, byte[]> stored)
    {
        var manifest = CacheManifest.Create(
            Key("content"), [new("../../../evil", Data.Length, Sha256Digest.Of(Data))], new Dictionary<string, string>()).ToBytes();
        stored[$"/cas/{Sha256Digest.Of(manifest)}"] = manifest;
        return Result(manifest);
    }
}
