using System.Text.Json.Nodes;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Tests.Devices;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>The whole way on GPUs that compute on the processor.</summary>
public sealed class DeviceTests : PipelineTest
{
    [Fact]
    public async Task Auto_without_a_GPU_loads_nothing_and_gives_the_processors_bytes()
    {
        var none = new FakeGpu { Machine = CudaMachine.Without("there is no NVIDIA driver") };
        var said = new List<string>();
        await RunAsync(Request() with { Device = DeviceChoice.Auto, Cuda = none }, progress => said.Add(progress.Detail));
        Assert.Equal((1, 0, 0), (none.Probed, none.Loaded, none.Installed));
        Assert.Contains("on the processor: there is no NVIDIA driver", said);
        Assert.Equal("cpu", Describe(Output));

        var other = Path.Combine(Root, "other");
        var second = await RunAsync(Request() with { Device = DeviceChoice.Cpu, Cuda = none, OutputDirectory = other });
        Assert.True(second.FromCache);
        Assert.Equal(1, none.Probed);
    }

    [Fact]
    public async Task A_GPU_gives_nearly_the_processors_losses_and_a_result_of_its_own()
    {
        await RunAsync(Request() with { OutputDirectory = Path.Combine(Root, "cpu") });
        var gpu = new FakeGpu { Machine = new([new(0, "Fake GPU", 8L << 30, 8L << 30), new(1, "Fake GPU", 8L << 30, 8L << 30)], null) };
        var said = new List<string>();
        var summary = await RunAsync(Request() with { Device = DeviceChoice.Auto, Cuda = gpu }, progress => said.Add(progress.Detail));

        Assert.False(summary.FromCache);
        Assert.DoesNotContain(summary.Warnings, warning => warning.Code.StartsWith("GPTQ61", StringComparison.Ordinal));
        Assert.Contains(said, line => line.StartsWith("on cuda:0 (Fake GPU", StringComparison.Ordinal));
        Assert.Equal("cuda: 2 x Fake GPU", Describe(Output));
        Assert.Equal([0, 1], gpu.Sessions.Order());
        Assert.NotEmpty(gpu.Solved);
        var (expected, actual) = (Losses(Path.Combine(Root, "cpu")), Losses(Output));
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, layer => Assert.Equal(layer.Value, actual[layer.Key], 0.05 * layer.Value));
    }

    [Fact]
    public async Task Short_memory_is_a_warning_with_a_code()
    {
        var gpu = new FakeGpu { MostRows = 300, WidestRefinement = 200 };
        var summary = await RunAsync(Request() with { Device = DeviceChoice.Cuda, Cuda = gpu });
        Assert.Contains(summary.Warnings, warning => warning.Code is "GPTQ6104" or "GPTQ6105");
    }

    [Fact]
    public async Task An_interrupted_run_on_a_GPU_goes_on_after_its_last_block()
    {
        using var interrupt = new CancellationTokenSource();
        var request = Request() with { Device = DeviceChoice.Cuda, Cuda = new FakeGpu() };
        await RunAsync(request with { CacheDirectory = Path.Combine(Root, "other-cache"), OutputDirectory = Path.Combine(Root, "whole") });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            request,
            progress =>
            {
                if (progress is { Phase: PipelinePhase.Quantize, Done: 2 }) interrupt.Cancel();
            },
            interrupt.Token));
        await RunAsync(request);
        Assert.Equal(Files(Path.Combine(Root, "whole")), Files(Output));
    }

    [Fact]
    public async Task A_GPU_whose_libraries_do_not_load_is_a_warning_with_auto_and_an_error_with_cuda()
    {
        var broken = new Broken();
        var summary = await RunAsync(Request() with { Device = DeviceChoice.Auto, Cuda = broken });
        Assert.Equal("GPTQ6103", Assert.Single(summary.Warnings, warning => warning.Code.StartsWith("GPTQ61", StringComparison.Ordinal)).Code);
        Assert.Equal("cpu", Describe(Output));

        var request = Request() with { Device = DeviceChoice.Cuda, Cuda = broken, CacheDirectory = Path.Combine(Root, "other-cache"), OutputDirectory = Path.Combine(Root, "other") };
        Assert.Equal("GPTQ6103", (await Assert.ThrowsAsync<GptqException>(() => RunAsync(request))).Code);
    }

    [Fact]
    public async Task Cuda_without_a_GPU_fails_before_anything_is_computed()
    {
        var none = new FakeGpu { Machine = CudaMachine.Without("there is no NVIDIA driver") };
        var blocks = 0;
        var exception = await Assert.ThrowsAsync<GptqException>(() => RunAsync(
            Request() with { Device = DeviceChoice.Cuda, Cuda = none }, progress => blocks += progress.Phase == PipelinePhase.Quantize ? 1 : 0));
        Assert.Equal(("GPTQ6101", 0), (exception.Code, blocks));
    }

    private static string Describe(string bundle) => Json(bundle)["device"]!.GetValue<string>();

    private static Dictionary<string, double> Losses(string bundle) =>
        Json(bundle)["layers"]!.AsArray().ToDictionary(layer => layer!["name"]!.GetValue<string>(), layer => layer!["loss"]!.GetValue<double>());

    private static JsonNode Json(string bundle) => JsonNode.Parse(File.ReadAllText(Path.Combine(bundle, "quantization.json")))!;

    private sealed class Broken : ICudaPlatform
    {
        public CudaMachine Probe() => new([new Gpu(0, "Fake GPU", 8L << 30, 8L << 30)], null);

        public string? MissingLibraries() => null;

        public Task InstallAsync(Action<string> report, CancellationToken cancellation) => Task.CompletedTask;

        public ICudaEngine Load() => throw new GptqException("GPTQ6103", "libtorch does not load.");
    }
}
