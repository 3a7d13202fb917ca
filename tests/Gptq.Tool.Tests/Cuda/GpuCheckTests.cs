using System.Text.Json.Nodes;
using Gptq.GpuCheck;
using Gptq.Quantization.Devices;
using Gptq.Tests;

namespace Gptq.Tool.Tests.Cuda;

/// <summary>The checks of CUDA run where there is none: tiny, on the processor.</summary>
public sealed class GpuCheckTests
{
    [Fact]
    public async Task The_dry_run_prints_every_figure_and_passes()
    {
        var output = new StringWriter();
        var exit = await CheckCommand.Create(output).Parse(["--dry-run", "--checkpoint", TestPaths.BardOpt]).InvokeAsync();

        var figures = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(
            ["block-time", "decode-speed", "forward-equality", "machine", "solver-equality", "whole-model"],
            figures.Select(figure => figure["figure"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal));
        Assert.DoesNotContain(figures, figure => figure["passed"]?.GetValue<bool>() == false);
        var block = figures.Single(figure => figure["figure"]!.GetValue<string>() == "block-time");
        Assert.True(block["blockSeconds"]!.GetValue<double>() > 0 && block["modelMinutes"] is not null);
        Assert.True(figures.Single(figure => figure["figure"]!.GetValue<string>() == "decode-speed")["speedup"]!.GetValue<double>() > 0);
        Assert.Equal(0, exit);
    }

    [Fact]
    public async Task Without_a_GPU_and_without_a_dry_run_it_fails_and_says_why()
    {
        var machine = CudaDriver.Probe(CudaDriver.LibraryName);
        Assert.SkipWhen(machine.WhyNone is null, "This machine has a GPU.");
        var output = new StringWriter();
        Assert.Equal(1, await CheckCommand.Create(output).Parse([]).InvokeAsync());
        Assert.Equal(machine.WhyNone, JsonNode.Parse(output.ToString())!["why"]!.GetValue<string>());
    }
}
