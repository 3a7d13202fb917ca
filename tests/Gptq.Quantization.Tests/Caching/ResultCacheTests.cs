using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class ResultCacheTests : CacheTest
{
    private string[] Leftovers() =>
    [
        .. Directory.GetFileSystemEntries(Path.Combine(CacheRoot, "v1", "staging")),
        .. Directory.GetFileSystemEntries(Path.GetDirectoryName(Output)!).Where(path => path != Output),
    ];

    [Fact]
    public async Task What_was_committed_comes_back()
    {
        var cache = Open();
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("4")));
        Assert.False(Directory.Exists(Output));

        await CommitAsync(cache, Key("4"), "four");
        Assert.Equal(CacheHit.Local, await MaterializeAsync(Open(), Key("4")));
        Assert.Equal("four", OutputText());
        Assert.Equal("four vocabulary", OutputText(Path.Combine("tokenizer", "vocab.json")));
        Assert.Equal(3, Directory.GetFiles(Output, "*", SearchOption.AllDirectories).Length);
        Assert.Empty(Leftovers());
        Assert.Empty(Warnings);
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("3")));
    }

    [Fact]
    public async Task Files_are_read_only_hard_links()
    {
        var cache = Open();
        await CommitAsync(cache, Key("4"), "four");
        await MaterializeAsync(cache, Key("4"));
        var file = Path.Combine(Output, "model.onnx");
        Assert.True(File.GetAttributes(file).HasFlag(FileAttributes.ReadOnly));
        // One file under two names: what is seen through one changes when the other is written.
        File.SetAttributes(file, FileAttributes.Normal);
        File.WriteAllText(file, "through the link");
        Assert.Equal("through the link", File.ReadAllText(EntryFile(Key("4"))));
    }

    [Fact]
    public async Task Old_result_is_replaced_as_a_whole()
    {
        var cache = Open();
        await CommitAsync(cache, Key("3"), "three");
        await CommitAsync(cache, Key("4"), "four");
        await MaterializeAsync(cache, Key("3"));
        File.WriteAllText(Path.Combine(Output, "stale"), "");
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("4")));
        Assert.Equal("four", OutputText());
        Assert.False(File.Exists(Path.Combine(Output, "stale")));
        Assert.Empty(Leftovers());
        Assert.Equal("three", File.ReadAllText(EntryFile(Key("3"))));
    }

    [Fact]
    public async Task Folder_of_something_else_is_not_replaced()
    {
        var cache = Open();
        await CommitAsync(cache, Key("4"), "four");
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "thesis.txt"), "irreplaceable");
        var error = await Assert.ThrowsAsync<GptqException>(() => MaterializeAsync(cache, Key("4")));
        Assert.Equal("GPTQ5105", error.Code);
        Assert.Equal("irreplaceable", OutputText("thesis.txt"));
    }

    [Fact]
    public async Task Empty_folder_is_replaced()
    {
        var cache = Open();
        await CommitAsync(cache, Key("4"), "four");
        Directory.CreateDirectory(Output);
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("4")));
    }

    [Fact]
    public async Task Later_commit_replaces_an_entry()
    {
        var cache = Open();
        await CommitAsync(cache, Key("4"), "first");
        await CommitAsync(cache, Key("4"), "second");
        await MaterializeAsync(cache, Key("4"));
        Assert.Equal("second", OutputText());
        Assert.Empty(Leftovers());
    }

    [Fact]
    public async Task Staging_without_commit_leaves_nothing()
    {
        var cache = Open();
        using (var entry = await cache.AcquireAsync(Key("4"), cancellationToken: Token))
        using (var staging = entry.BeginStaging())
            WriteResult(staging.Directory, "half");
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("4")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(CacheRoot, "v1", "staging")));
    }

    [Fact]
    public async Task Leftovers_of_killed_processes_go()
    {
        var cache = Open();
        await CommitAsync(cache, Key("4"), "four");
        var staged = Path.Combine(CacheRoot, "v1", "staging", Key("4").Hex + ".0123");
        var beside = Path.Combine(Path.GetDirectoryName(Output)!, ".opt-1.3b.gptq-0123");
        WriteResult(staged, "half");
        WriteResult(beside, "half");
        await MaterializeAsync(cache, Key("4"));
        Assert.Empty(Leftovers());
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("tokenizer/vocab.json")]
    [InlineData("../manifest.json")]
    public async Task Flipped_bit_is_found_reported_and_built_again(string file)
    {
        var cache = Open();
        await CommitAsync(cache, Key("3"), "three");
        await MaterializeAsync(cache, Key("3"));
        await CommitAsync(cache, Key("4"), "four");
        FlipBit(EntryFile(Key("4"), file), position: 3);
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("4")));
        Assert.Equal("GPTQ5104", Assert.Single(Warnings).Code);
        Assert.Equal("three", OutputText());
        Assert.Empty(Leftovers());

        await CommitAsync(cache, Key("4"), "four");
        Assert.Equal(CacheHit.Local, await MaterializeAsync(cache, Key("4")));
        Assert.Equal("four", OutputText());
        Assert.Single(Warnings);
    }

    [Fact]
    public async Task Missing_file_and_missing_manifest_are_damage()
    {
        var cache = Open();
        foreach (var file in (string[])["model.onnx", "../manifest.json"])
        {
            await CommitAsync(cache, Key("4"), "four");
            File.Delete(EntryFile(Key("4"), file));
            Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("4")));
        }
        Assert.Equal(["GPTQ5104", "GPTQ5104"], Warnings.Select(warning => warning.Code));
    }

    [Fact]
    public async Task Entry_of_another_key_is_damage()
    {
        var cache = Open();
        await CommitAsync(cache, Key("3"), "three");
        Directory.Move(Path.Combine(CacheRoot, "v1", "entries", Key("3").Hex), Path.Combine(CacheRoot, "v1", "entries", Key("4").Hex));
        Assert.Equal(CacheHit.None, await MaterializeAsync(cache, Key("4")));
        Assert.Equal("GPTQ5104", Assert.Single(Warnings).Code);
    }

    [Fact]
    public async Task Link_in_a_result_is_refused()
    {
        using var entry = await Open().AcquireAsync(Key("4"), cancellationToken: Token);
        using var staging = entry.BeginStaging();
        File.CreateSymbolicLink(Path.Combine(staging.Directory, "passwd"), "/etc/passwd");
        await Assert.ThrowsAsync<InvalidOperationException>(() => entry.CommitAsync(staging, cancellationToken: Token));
    }

    [Fact]
    public async Task Second_caller_waits_and_takes_the_result_of_the_first()
    {
        var cache = Open();
        var waiting = new TaskCompletionSource();
        Task<CacheHit> second;
        using (var first = await cache.AcquireAsync(Key("4"), cancellationToken: Token))
        {
            second = Task.Run(async () =>
            {
                using var entry = await Open().AcquireAsync(Key("4"), waiting.SetResult, Token);
                return await entry.TryMaterializeAsync(Output, Token);
            }, Token);
            await waiting.Task.WaitAsync(Token);
            using var staging = first.BeginStaging();
            WriteResult(staging.Directory, "four");
            await first.CommitAsync(staging, cancellationToken: Token);
        }
        Assert.Equal(CacheHit.Local, await second);
    }

    [Fact]
    public async Task Wait_can_be_cancelled()
    {
        var cache = Open();
        using var first = await cache.AcquireAsync(Key("4"), cancellationToken: Token);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var second = cache.AcquireAsync(Key("4"), source.Cancel, source.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public async Task Other_keys_do_not_wait()
    {
        var cache = Open();
        using var first = await cache.AcquireAsync(Key("4"), cancellationToken: Token);
        using var second = await cache.AcquireAsync(Key("3"), () => Assert.Fail("waits"), Token);
    }

    [Fact]
    public async Task Folder_is_tagged_for_backup_programs()
    {
        using var entry = await Open().AcquireAsync(Key("4"), cancellationToken: Token);
        Assert.StartsWith("Signature: 8a477f597d28d172789f06886806bc55", File.ReadAllText(Path.Combine(CacheRoot, "CACHEDIR.TAG")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.onnx", true)]
    [InlineData("a/b/c", true)]
    [InlineData("", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("a/../../b", false)]
    [InlineData("./a", false)]
    [InlineData("a//b", false)]
    [InlineData("a/", false)]
    [InlineData("C:/windows", false)]
    [InlineData("a\\..\\b", false)]
    [InlineData("a\0b", false)]
    [InlineData("name ", false)]
    [InlineData("name.", false)]
    public void Paths_in_manifests_stay_inside(string path, bool safe) => Assert.Equal(safe, RelativePath.IsSafe(path));
}
