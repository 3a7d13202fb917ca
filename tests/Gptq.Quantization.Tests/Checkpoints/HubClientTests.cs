using System.Collections.Concurrent;
using System.Text;
using Gptq.Quantization.Checkpoints.Hub;
using Gptq.Quantization.Checkpoints.Locating;
using Gptq.Quantization.Tests.Checkpoints.Support;
using Microsoft.AspNetCore.Http;

namespace Gptq.Quantization.Tests.Checkpoints;

/// <summary>Downloads from a real server on loopback that speaks the hub's paths, and misbehaves as the network does.</summary>
public sealed class HubClientTests : IAsyncLifetime
{
    private const string Weights = "model.safetensors";

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<TimeSpan> _waits = [];
    private FakeHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        _hub.Files["config.json"] = "{\"model_type\":\"opt\"}"u8.ToArray();
        _hub.Files["tokenizer.json"] = Content(20_000, 1);
        _hub.Files[Weights] = Content(3_000_000, 2);
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    private HubOptions Options => new()
    {
        Endpoint = _hub.Endpoint,
        CacheDirectory = _folder.At("hub"),
        StallTimeout = TimeSpan.FromSeconds(20),
        Wait = (delay, _) =>
        {
            _waits.Enqueue(delay);
            return Task.CompletedTask;
        },
    };

    [Fact]
    public async Task AModelComesIntoTheSharedCacheLayout()
    {
        _hub.Files["README.md"] = [1];
        _hub.Files["pytorch_model.bin"] = [2];
        _hub.Files["onnx/model.onnx"] = [3];
        var snapshot = await DownloadAsync(Options);
        Assert.Equal(_folder.At("hub", "models--owner--model", "snapshots", FakeHub.Commit), snapshot);
        Assert.Equal(["config.json", Weights, "tokenizer.json"], Directory.GetFiles(snapshot).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(snapshot), file => Assert.Equal(_hub.Files[Path.GetFileName(file)], File.ReadAllBytes(file)));
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(_folder.At("hub", "models--owner--model", "refs", "main")));
        AssertNothingPartial();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal($"../../blobs/{FakeHub.Etag(Weights, _hub.Files[Weights])}", new FileInfo(Path.Combine(snapshot, Weights)).LinkTarget);
        }

        var request = new CheckpointRequest("owner/model", _folder.Path) { Environment = name => name == "HF_HUB_CACHE" ? _folder.At("hub") : null };
        Assert.Equal((CheckpointOrigin.Cache, snapshot), (CheckpointLocator.Find(request)!.Origin, CheckpointLocator.Find(request)!.Directory));
    }

    [Fact]
    public async Task WhatIsHereIsNotDownloadedAgain()
    {
        await DownloadAsync(Options);
        await DownloadAsync(Options);
        Assert.All(_hub.Files.Keys, name => Assert.Single(_hub.Contents(name)));
    }

    [Fact]
    public async Task ACommitNeedsNoReference()
    {
        await HubClient.DownloadAsync(FakeHub.Repository, FakeHub.Commit, Options);
        Assert.False(Directory.Exists(_folder.At("hub", "models--owner--model", "refs")));
    }

    [Fact]
    public async Task TheTokenIsForTheHubAloneAndNotForWhereItRedirects()
    {
        await DownloadAsync(Options with { Token = "hf_secret" });
        Assert.Contains(_hub.Requests, request => request.AtStore);
        Assert.All(_hub.Requests, request => Assert.Equal(request.AtStore ? "" : "Bearer hf_secret", request.Authorization));
        Assert.DoesNotContain("hf_secret", (Options with { Token = "hf_secret" }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACutConnectionIsResumedWhereItEnded()
    {
        var cuts = 0;
        _hub.Intercept = async context =>
        {
            if (!IsStore(context) || ++cuts > 8)
            {
                return false;
            }

            // More cuts than attempts: each brings something.
            await FakeHub.SendAsync(context, _hub.Files[Weights], cutAfter: 300_000);
            return true;
        };
        await AssertDownloadedAsync(Options with { Attempts = 3 });
        var ranges = _hub.Contents(Weights).Select(request => request.Range).ToList();
        Assert.Equal(9, ranges.Count);
        Assert.Equal("", ranges[0]);
        Assert.All(ranges.Skip(1), range => Assert.Matches("^bytes=[1-9][0-9]*-$", range));
    }

    [Fact]
    public async Task WhatAnEarlierDownloadLeftIsContinued()
    {
        WritePartial(_hub.Files[Weights][..1_000_000]);
        await AssertDownloadedAsync(Options);
        Assert.Equal("bytes=1000000-", Assert.Single(_hub.Contents(Weights)).Range);
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(3_000_000)]
    [InlineData(4_000_000)]
    public async Task WhatAnEarlierDownloadLeftWrongIsReplaced(int length)
    {
        WritePartial(new byte[length]);
        await AssertDownloadedAsync(Options);
        Assert.Equal("", _hub.Contents(Weights).Last().Range);
    }

    [Fact]
    public async Task AServerWithoutRangesIsReadFromTheStart()
    {
        WritePartial(_hub.Files[Weights][..1_000_000]);
        _hub.Intercept = async context =>
        {
            if (IsStore(context))
            {
                await FakeHub.SendAsync(context, _hub.Files[Weights], ranges: false);
            }

            return IsStore(context);
        };
        await AssertDownloadedAsync(Options);
    }

    [Fact]
    public async Task AServerThatAnswersAnotherRangeIsAskedAgain()
    {
        WritePartial(_hub.Files[Weights][..1_000_000]);
        _hub.Intercept = context =>
        {
            var wrong = IsStore(context) && context.Request.Headers.Range.Count > 0;
            if (wrong)
            {
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = "bytes 5-9/10";
            }

            return Task.FromResult(wrong);
        };
        await AssertDownloadedAsync(Options);
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("config.json")]
    public async Task AWrongChecksumIsNeverKept(string name)
    {
        _hub.Intercept = async context =>
        {
            var wrong = context.Request.Method == "GET" && context.Request.Path.Value!.EndsWith("/" + name, StringComparison.Ordinal)
                && (IsStore(context) || name != Weights);
            if (wrong)
            {
                await FakeHub.SendAsync(context, [.. _hub.Files[name][..^1], 0x7F]);
            }

            return wrong;
        };
        var error = await AssertFailsAsync("GPTQ2407");
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, _hub.Contents(name).Count());
        Assert.False(File.Exists(BlobPath(name)));
        Assert.False(File.Exists(_folder.At("hub", "models--owner--model", "refs", "main")));
    }

    [Fact]
    public async Task ABusyServerIsLeftAloneForAsLongAsItSays()
    {
        var answers = new Queue<int>([429, 503]);
        _hub.Intercept = context =>
        {
            if (!context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || !answers.TryDequeue(out var status))
            {
                return Task.FromResult(false);
            }

            context.Response.StatusCode = status;
            if (status == 429)
            {
                context.Response.Headers.RetryAfter = "17";
            }

            return Task.FromResult(true);
        };
        await AssertDownloadedAsync(Options with { RetryDelay = TimeSpan.FromSeconds(2) });
        Assert.Equal(TimeSpan.FromSeconds(17), _waits.First());
        Assert.InRange(_waits.Last(), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task ASilentServerCountsAsCut()
    {
        var never = new TaskCompletionSource();
        var first = true;
        _hub.Intercept = async context =>
        {
            if (!IsStore(context) || !first)
            {
                return false;
            }

            first = false;
            await never.Task.WaitAsync(context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await AssertDownloadedAsync(Options with { StallTimeout = TimeSpan.FromMilliseconds(500) });
        Assert.NotEmpty(_waits);
    }

    [Theory]
    [InlineData(404, "RepoNotFound", null, "GPTQ2403", "spelling")]
    [InlineData(404, null, null, "GPTQ2403", "spelling")]
    [InlineData(401, null, null, "GPTQ2403", "HF_TOKEN")]
    [InlineData(401, "RepoNotFound", null, "GPTQ2403", "private")]
    [InlineData(401, "GatedRepo", null, "GPTQ2404", "terms")]
    [InlineData(403, "GatedRepo", "hf_x", "GPTQ2404", "terms")]
    [InlineData(401, null, "hf_x", "GPTQ2404", "expired")]
    [InlineData(403, null, "hf_x", "GPTQ2404", "right")]
    [InlineData(404, "RevisionNotFound", null, "GPTQ2405", "'main'")]
    [InlineData(418, null, null, "GPTQ2410", "418")]
    [InlineData(503, null, null, "GPTQ2406", "503")]
    [InlineData(429, null, null, "GPTQ2406", "429")]
    public async Task ARefusalSaysWhatToDo(int status, string? code, string? token, string expected, string said)
    {
        _hub.Intercept = context =>
        {
            FakeHub.Refuse(context, status, code);
            return Task.FromResult(true);
        };
        var error = await AssertFailsAsync(expected, Options with { Token = token });
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_x", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatIsNotThereIsTriedAgainAndThenNamed()
    {
        var endpoint = _hub.Endpoint;
        await _hub.DisposeAsync();
        _hub = await FakeHub.StartAsync();
        var error = await AssertFailsAsync("GPTQ2406", Options with { Endpoint = endpoint, Attempts = 3 });
        Assert.Contains("HF_ENDPOINT", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, _waits.Count);
    }

    [Fact]
    public async Task ShardsComeWithTheirIndex()
    {
        Shard("""{"weight_map":{"w":"a-00001-of-00002.safetensors","v":"a-00002-of-00002.safetensors"}}""");
        var snapshot = await DownloadAsync(Options);
        Assert.True(WeightFiles.AreComplete(snapshot));
        Assert.Equal(_hub.Files["a-00002-of-00002.safetensors"], await File.ReadAllBytesAsync(Path.Combine(snapshot, "a-00002-of-00002.safetensors")));
    }

    [Fact]
    public async Task AnIndexThatNamesAFileOfAnotherKindBringsNothingTwice()
    {
        Shard("""{"weight_map":{"w":"config.json"}}""");
        await DownloadAsync(Options);
        Assert.Single(_hub.Contents("config.json"));
    }

    [Theory]
    [InlineData("../../../x.safetensors", "GPTQ2206")]
    [InlineData("/etc/passwd", "GPTQ2206")]
    [InlineData("b.safetensors", "GPTQ2410")]
    public async Task AnIndexThatNamesOtherFilesIsRefused(string shard, string code)
    {
        Shard($$$"""{"weight_map":{"w":"{{{shard}}}"}}""");
        await AssertFailsAsync(code);
        Assert.False(File.Exists(_folder.At("hub", "models--owner--model", "refs", "main")));
    }

    [Fact]
    public async Task NamesThatLeaveTheFolderAreNotAskedFor()
    {
        _hub.Files["../config.json"] = [1];
        _hub.Files["/config.json"] = [1];
        await AssertDownloadedAsync(Options);
        Assert.DoesNotContain(_hub.Requests, request => request.Path.Contains("..", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARenamedModelIsFollowed()
    {
        _hub.Intercept = context =>
        {
            var path = context.Request.Path.Value!;
            var old = path.Contains("/old-name/", StringComparison.Ordinal);
            if (old)
            {
                context.Response.StatusCode = 307;
                context.Response.Headers.Location = path.Replace("/old-name/", $"/{FakeHub.Repository}/", StringComparison.Ordinal);
            }

            return Task.FromResult(old);
        };
        var snapshot = await HubClient.DownloadAsync("old-name", "main", Options with { Token = "hf_x" });
        Assert.Equal(_folder.At("hub", "models--old-name", "snapshots", FakeHub.Commit), snapshot);
        Assert.Equal(_hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(snapshot, Weights)));
    }

    [Theory]
    [InlineData("<html>Please log in</html>")]
    [InlineData("{}")]
    [InlineData("""{"sha":"main","siblings":[]}""")]
    [InlineData("""{"sha":"../../../x","siblings":[{"rfilename":"config.json"}]}""")]
    [InlineData("""{"sha":"00112233445566778899aabbccddeeff00112233","siblings":[1]}""")]
    public async Task WhatIsNoHubIsSaidSo(string answer)
    {
        _hub.Intercept = async context =>
        {
            await context.Response.WriteAsync(answer);
            return true;
        };
        await AssertFailsAsync("GPTQ2410");
        Assert.Single(_hub.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"../../../x\"")]
    [InlineData("\"d41d8cd98f00b204e9800998ecf8427e\"")]
    public async Task AFileWithoutAChecksumIsRefused(string etag)
    {
        _hub.Intercept = context =>
        {
            var head = context.Request.Method == "HEAD";
            if (head)
            {
                context.Response.Headers.ETag = etag;
                context.Response.ContentLength = 10;
            }

            return Task.FromResult(head);
        };
        await AssertFailsAsync("GPTQ2410");
    }

    [Fact]
    public async Task RedirectsInACircleEnd()
    {
        _hub.Intercept = context =>
        {
            context.Response.Redirect(context.Request.Path.Value!);
            return Task.FromResult(true);
        };
        await AssertFailsAsync("GPTQ2410");
        Assert.Equal(11, _hub.Requests.Count);
    }

    [Fact]
    public async Task AModelWithoutWeightsIsSaidSo()
    {
        _hub.Files.Remove(Weights);
        _hub.Files["model.gguf"] = [1];
        await AssertFailsAsync("GPTQ2411");
    }

    [Fact]
    public async Task AFullDiskLeavesNothingUnderAFinalName()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");
        var partial = BlobPath(Weights) + ".incomplete";
        Directory.CreateDirectory(Path.GetDirectoryName(partial)!);
        File.CreateSymbolicLink(partial, "/dev/full");
        var error = await AssertFailsAsync("GPTQ2408");
        Assert.Contains("HF_HUB_CACHE", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(BlobPath(Weights)));
        File.Delete(partial);
        await AssertDownloadedAsync(Options);
    }

    [Fact]
    public async Task ACacheThatIsAFileIsSaidSo()
    {
        _folder.Write("hub", "x");
        await AssertFailsAsync("GPTQ2409");
    }

    [Fact]
    public async Task AnotherProcessThatDownloadsTheSameIsWaitedFor()
    {
        var path = _folder.At("hub", ".locks", "models--owner--model", FakeHub.Etag(Weights, _hub.Files[Weights]) + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Task<string> download;
        await using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            var small = new TaskCompletionSource();
            var progress = new Direct(now =>
            {
                if (now.Bytes == _hub.Files["config.json"].Length + _hub.Files["tokenizer.json"].Length)
                {
                    small.TrySetResult();
                }
            });
            download = HubClient.DownloadAsync(FakeHub.Repository, "main", Options, progress);
            await small.Task;
            Assert.Empty(_hub.Contents(Weights));

            // The other process finishes.
            File.WriteAllBytes(BlobPath(Weights), _hub.Files[Weights]);
        }

        Assert.Equal(_hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(await download, Weights)));
        Assert.Empty(_hub.Contents(Weights));
    }

    [Fact]
    public async Task TwoDownloadsAtOnceBringEverythingOnce()
    {
        await Task.WhenAll(DownloadAsync(Options), DownloadAsync(Options));
        Assert.Single(_hub.Contents(Weights));
        AssertNothingPartial();
    }

    [Fact]
    public async Task ACancelledDownloadKeepsWhatIsHere()
    {
        using var cancellation = new CancellationTokenSource();
        var never = new TaskCompletionSource();
        _hub.Intercept = async context =>
        {
            if (!IsStore(context))
            {
                return false;
            }

            context.Response.ContentLength = _hub.Files[Weights].Length;
            await context.Response.Body.WriteAsync(_hub.Files[Weights].AsMemory(0, 1_000_000));
            await context.Response.Body.FlushAsync();
            await never.Task.WaitAsync(context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        var progress = new Direct(now =>
        {
            if (now is { File: Weights, FileBytes: 1_000_000 })
            {
                cancellation.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HubClient.DownloadAsync(FakeHub.Repository, "main", Options, progress, cancellation.Token));
        Assert.False(File.Exists(BlobPath(Weights)));
        _hub.Intercept = _ => Task.FromResult(false);
        await AssertDownloadedAsync(Options);
        Assert.Equal("bytes=1000000-", _hub.Contents(Weights).Last().Range);
    }

    [Fact]
    public async Task WithoutLinksTheFileItselfStandsInTheSnapshot()
    {
        var options = Options with { Link = (_, _) => throw new UnauthorizedAccessException("A required privilege is not held.") };
        var snapshot = await DownloadAsync(options);
        Assert.Null(new FileInfo(Path.Combine(snapshot, Weights)).LinkTarget);
        Assert.Equal(_hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(snapshot, Weights)));
        await DownloadAsync(options);
        Assert.Single(_hub.Contents(Weights));
    }

    [Fact]
    public async Task ProgressAddsUp()
    {
        var reports = new ConcurrentQueue<HubProgress>();
        await HubClient.DownloadAsync(FakeHub.Repository, "main", Options, new Direct(reports.Enqueue));
        var total = _hub.Files.Values.Sum(content => (long)content.Length);
        Assert.Contains(reports, report => report.Bytes == total && report.Total == total);
        Assert.All(reports, report => Assert.InRange(report.Bytes, 0, report.Total));
        Assert.Contains(reports, report => report.File == Weights && report.FileBytes < report.FileTotal);
    }

    [Theory]
    [InlineData("a/b/c", "main", "GPTQ2401")]
    [InlineData("../x", "main", "GPTQ2401")]
    [InlineData("", "main", "GPTQ2401")]
    [InlineData("owner/model", "", "GPTQ2405")]
    [InlineData("owner/model", "../main", "GPTQ2405")]
    [InlineData("owner/model", "v2", "GPTQ2405")]
    [InlineData("owner/other", "main", "GPTQ2403")]
    public async Task NamesAreChecked(string repository, string revision, string code)
        => Assert.Equal(code, (await Assert.ThrowsAsync<GptqException>(() => HubClient.DownloadAsync(repository, revision, Options))).Code);

    [Fact]
    public async Task ATokenThatIsNoneIsNotSent()
    {
        await AssertFailsAsync("GPTQ2404", Options with { Token = "hf_x\r\nHost: elsewhere" });
        Assert.Empty(_hub.Requests);
    }

    [Fact]
    public async Task LocatingDownloadsWhatIsNotHereAndOnlyThen()
    {
        var environment = Environment();
        var request = new CheckpointRequest("owner/model", _folder.Path) { Environment = environment.GetValueOrDefault };
        var located = await CheckpointLocator.LocateAsync(request, download: true);
        Assert.Equal((CheckpointOrigin.Hub, "owner/model"), (located.Origin, located.Repository));
        var asked = _hub.Requests.Count;
        Assert.Equal(located.Directory, (await CheckpointLocator.LocateAsync(request, download: true)).Directory);
        Assert.Equal(asked, _hub.Requests.Count);
    }

    [Theory]
    [InlineData(false, "0", "GptqDownload")]
    [InlineData(true, "1", "HF_HUB_OFFLINE")]
    [InlineData(true, "true", "HF_HUB_OFFLINE")]
    public async Task NothingIsAskedWhereNothingMayBeDownloaded(bool download, string offline, string said)
    {
        var environment = Environment();
        environment["HF_HUB_OFFLINE"] = offline;
        var request = new CheckpointRequest("opt-125m", _folder.Path) { Environment = environment.GetValueOrDefault, ModelRoots = ["roots"] };
        var error = await Assert.ThrowsAsync<GptqException>(() => CheckpointLocator.LocateAsync(request, download));
        Assert.Equal("GPTQ2402", error.Code);
        Assert.All(new[] { said, "facebook/opt-125m", "roots", _folder.At("hub"), "gptq pull" }, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Empty(_hub.Requests);
    }

    [Fact]
    public async Task WhatCanBeNoNameIsNotAskedFor()
    {
        var request = new CheckpointRequest("../no/such/folder", _folder.Path) { Environment = Environment().GetValueOrDefault };
        Assert.Equal("GPTQ2401", (await Assert.ThrowsAsync<GptqException>(() => CheckpointLocator.LocateAsync(request, download: true))).Code);
        Assert.Empty(_hub.Requests);
    }

    [Fact]
    public void TheEnvironmentOfHuggingFaceToolsIsRead()
    {
        var environment = new Dictionary<string, string> { ["HF_HOME"] = _folder.Path, ["HF_ENDPOINT"] = "https://mirror.example/hf/", ["HF_HUB_OFFLINE"] = "YES" };
        _folder.Write("token", "hf_saved\n");
        var options = HubOptions.FromEnvironment(environment.GetValueOrDefault);
        Assert.Equal(("https://mirror.example/hf", "hf_saved", true, _folder.At("hub")), (options.Endpoint.AbsoluteUri, options.Token, options.Offline, options.CacheDirectory));
        environment["HF_TOKEN"] = " hf_set ";
        Assert.Equal("hf_set", HubOptions.FromEnvironment(environment.GetValueOrDefault).Token);
        environment["HF_ENDPOINT"] = "mirror";
        Assert.Equal("GPTQ2412", Assert.Throws<GptqException>(() => HubOptions.FromEnvironment(environment.GetValueOrDefault)).Code);
    }

    private static bool IsStore(HttpContext context) => context.Request.Path.StartsWithSegments("/store", StringComparison.Ordinal);

    private static byte[] Content(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private Dictionary<string, string> Environment() => new() { ["HF_HUB_CACHE"] = _folder.At("hub"), ["HF_ENDPOINT"] = _hub.Endpoint.AbsoluteUri };

    private Task<string> DownloadAsync(HubOptions options) => HubClient.DownloadAsync(FakeHub.Repository, "main", options);

    private async Task AssertDownloadedAsync(HubOptions options)
    {
        var snapshot = await DownloadAsync(options);
        Assert.Equal(_hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(snapshot, Weights)));
        AssertNothingPartial();
    }

    private async Task<GptqException> AssertFailsAsync(string code, HubOptions? options = null)
    {
        var error = await Assert.ThrowsAsync<GptqException>(() => DownloadAsync(options ?? Options));
        Assert.True(code == error.Code, error.ToString());
        return error;
    }

    private void AssertNothingPartial()
        => Assert.Empty(Directory.GetFiles(_folder.At("hub"), "*.incomplete", SearchOption.AllDirectories));

    private void Shard(string index)
    {
        _hub.Files.Remove(Weights);
        _hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes(index);
        _hub.Files["a-00001-of-00002.safetensors"] = Content(1000, 3);
        _hub.Files["a-00002-of-00002.safetensors"] = Content(2000, 4);
    }

    private string BlobPath(string name) => _folder.At("hub", "models--owner--model", "blobs", FakeHub.Etag(name, _hub.Files[name]));

    private void WritePartial(byte[] content)
    {
        var path = BlobPath(Weights) + ".incomplete";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    /// <summary>Reports at once, on the thread that reports; System.Progress would report some time later.</summary>
    private sealed class Direct(Action<HubProgress> report) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => report(value);
    }
}
