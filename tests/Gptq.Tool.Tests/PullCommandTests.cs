using System.CommandLine;
using System.Text.Json.Nodes;
using Gptq.Quantization;
using Gptq.Quantization.Tests.Checkpoints.Support;
using Gptq.Tool.Commands;

namespace Gptq.Tool.Tests;

public sealed class PullCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private FakeHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        _hub.Files["config.json"] = "{}"u8.ToArray();
        _hub.Files["model.safetensors"] = new byte[100_000];
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Pull_prints_the_folder()
    {
        var (exit, output) = await RunAsync(FakeHub.Repository);
        Assert.Equal(0, exit);
        var folder = output.Trim();
        Assert.Equal(FakeHub.Commit, Path.GetFileName(folder));
        Assert.Equal(_hub.Files["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public async Task Pull_as_json_can_be_read_by_scripts()
    {
        var (exit, output) = await RunAsync(FakeHub.Repository, "--json", "--revision", FakeHub.Commit);
        Assert.Equal(0, exit);
        Assert.True(Directory.Exists((string?)JsonNode.Parse(output)!["directory"]));
    }

    [Fact]
    public async Task Pull_knows_the_aliases()
    {
        var error = await Assert.ThrowsAsync<GptqException>(() => RunAsync("opt-125m"));
        Assert.Equal("GPTQ2403", error.Code);
        Assert.Contains("facebook/opt-125m", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pull_refuses_an_endpoint_that_is_no_address()
        => Assert.NotEmpty(PullCommand.Create().Parse([FakeHub.Repository, "--endpoint", "mirror"]).Errors);

    private async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var exit = await PullCommand.Create().Parse([.. arguments, "--endpoint", _hub.Endpoint.AbsoluteUri, "--hub-cache", _folder.At("hub")])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = output, EnableDefaultExceptionHandler = false });
        return (exit, output.ToString());
    }
}
