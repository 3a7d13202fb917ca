using System.CommandLine;
using System.Text.Json.Nodes;
using Gptq.Quantization.Caching;
using Gptq.Tool.Commands;

namespace Gptq.Tool.Tests;

public sealed class CacheCommandTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"gptq-tool-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private async Task CommitAsync(string model, int size)
    {
        using var cache = new ResultCache(new() { Folder = _folder });
        using var entry = await cache.AcquireAsync(new CacheKeyBuilder(1).AddText("model", model).Build());
        using var staging = entry.BeginStaging();
        File.WriteAllBytes(Path.Combine(staging.Directory, "model.onnx"), new byte[size]);
        await entry.CommitAsync(staging, new Dictionary<string, string> { ["model"] = model });
    }

    private (int Exit, string Output) Run(params string[] arguments)
    {
        var output = new StringWriter();
        var exit = CacheCommand.Create().Parse([.. arguments, "--cache-directory", _folder])
            .Invoke(new InvocationConfiguration { Output = output, Error = output, EnableDefaultExceptionHandler = false });
        return (exit, output.ToString());
    }

    [Fact]
    public async Task List_names_models_and_sizes()
    {
        Assert.Contains("No results", Run("list").Output, StringComparison.Ordinal);
        await CommitAsync("opt-125m", 2_000_000);
        var (exit, output) = Run("list");
        Assert.Equal(0, exit);
        Assert.Contains("2 MB", output, StringComparison.Ordinal);
        Assert.Contains("opt-125m", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_as_json_can_be_read_by_scripts()
    {
        await CommitAsync("opt-125m", 1000);
        var json = JsonNode.Parse(Run("list", "--json").Output)!;
        Assert.Equal(_folder, (string?)json["folder"]);
        var entry = Assert.Single(json["entries"]!.AsArray())!;
        Assert.Equal("opt-125m", (string?)entry["metadata"]!["model"]);
        Assert.True((long)entry["size"]! > 1000);
        Assert.True(CacheKey.TryParse((string?)entry["key"], out _));
    }

    [Fact]
    public async Task Prune_keeps_what_fits_the_limit()
    {
        await CommitAsync("old", 1_000_000);
        await CommitAsync("new", 1_000_000);
        Assert.Equal(0, Run("prune", "--limit", "1.5MB").Exit);
        var output = Run("list").Output;
        Assert.Contains("new", output, StringComparison.Ordinal);
        Assert.DoesNotContain("old", output, StringComparison.Ordinal);
        Assert.Equal(1, (int)JsonNode.Parse(Run("prune", "--unused-for", "0m", "--json").Output)!["removed"]!);
    }

    [Fact]
    public async Task Clear_removes_all()
    {
        await CommitAsync("opt-125m", 1000);
        Assert.Contains("Removed 1", Run("clear").Output, StringComparison.Ordinal);
        Assert.Contains("No results", Run("list").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prune", "--limit", "much")]
    [InlineData("prune", "--limit", "-1GB")]
    [InlineData("prune", "--unused-for", "30")]
    [InlineData("polish")]
    public void Bad_usage_is_told(params string[] arguments) => Assert.NotEmpty(CacheCommand.Create().Parse(arguments).Errors);

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("512", 512L)]
    [InlineData("20GB", 20_000_000_000L)]
    [InlineData("1.5 gib", 1_610_612_736L)]
    [InlineData("10 B", 10L)]
    public void Sizes_are_read(string text, long bytes) => Assert.Equal(bytes, ByteSize.TryParse(text));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1_500, "1.5 KB")]
    [InlineData(26_000_000_000, "26 GB")]
    public void Sizes_are_written(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));

    [Theory]
    [InlineData("30d", 30 * 24 * 60)]
    [InlineData("1.5h", 90)]
    [InlineData("90m", 90)]
    public void Ages_are_read(string text, int minutes) => Assert.Equal(minutes, Age.TryParse(text)!.Value.TotalMinutes, 6);
}
