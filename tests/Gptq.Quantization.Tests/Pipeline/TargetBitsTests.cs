using System.Text.Json.Nodes;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>TargetBitsPerWeight: the size is met, what is fixed stays, and nothing of it depends on threads or interruptions.</summary>
public sealed class TargetBitsTests : PipelineTest
{
    [Theory]
    [InlineData(2.6, OperatorSet.Gptq, ModelFormats.Onnx)]
    [InlineData(3.5, OperatorSet.Gptq, ModelFormats.Onnx)]
    [InlineData(5, OperatorSet.OnnxRuntime, ModelFormats.Onnx)]
    [InlineData(5, OperatorSet.OnnxRuntimeHalf, ModelFormats.Onnx)]
    [InlineData(3.5, OperatorSet.Gptq, ModelFormats.Gptq)]
    public async Task The_size_is_met_within_one_percent(double target, OperatorSet operators, ModelFormats formats)
    {
        await RunAsync(Request(new QuantizationOptions { TargetBitsPerWeight = target, Operators = operators, Formats = formats }));

        var json = Quantization();
        Assert.InRange(json["bits_per_weight"]!.GetValue<double>(), 0.99 * target, target);
        var layers = json["layers"]!.AsArray();
        Assert.Equal(30, layers.Count);
        Assert.True(layers.Select(layer => layer!["bits"]!.GetValue<string>()).Distinct().Count() > 1);
        // The file starts tensors at pages, which makes a small model's a little longer.
        if (formats == ModelFormats.Onnx && operators == OperatorSet.Gptq) Assert.InRange(PackedBits() / Weights(layers), 0.99 * target, target + (8.0 * 4096 * 2 * layers.Count / Weights(layers)));
    }

    [Fact]
    public async Task Layers_that_Modules_names_stay_as_it_says()
    {
        await RunAsync(Request(new QuantizationOptions { TargetBitsPerWeight = 3.5, Modules = ModuleRules.Parse("*.layers.0.*=8;*.layers.4.fc2=skip") }));

        var layers = Quantization()["layers"]!.AsArray().ToDictionary(layer => layer!["name"]!.GetValue<string>(), layer => layer!["bits"]!.GetValue<string>());
        Assert.All(layers.Where(layer => layer.Key.Contains(".layers.0.", StringComparison.Ordinal)), layer => Assert.Equal("8", layer.Value));
        Assert.DoesNotContain("model.decoder.layers.4.fc2", layers.Keys);
        Assert.InRange(Quantization()["bits_per_weight"]!.GetValue<double>(), 0.99 * 3.5, 3.5);
    }

    [Theory]
    [InlineData(2.05)]
    [InlineData(9)]
    public async Task A_size_that_no_choice_has_is_refused_with_the_range(double target)
    {
        var failure = await Assert.ThrowsAsync<GptqException>(() => RunAsync(Request(new QuantizationOptions { TargetBitsPerWeight = target })));
        Assert.Equal("GPTQ1117", failure.Code);
        Assert.Contains("from 2.16 to 8.75", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_run_does_not_measure_again_and_ends_with_the_same_bytes_on_any_number_of_threads()
    {
        var request = Request(new QuantizationOptions { TargetBitsPerWeight = 3 });
        await RunAsync(request with { CacheDirectory = Path.Combine(Root, "other-cache"), OutputDirectory = Path.Combine(Root, "whole"), Threads = 1 });

        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            request,
            progress =>
            {
                if (progress is { Phase: PipelinePhase.Quantize, Done: 2 }) interrupt.Cancel();
            },
            interrupt.Token));
        List<PipelineProgress> steps = [];
        await RunAsync(request, steps.Add);

        Assert.DoesNotContain(steps, step => step.Phase == PipelinePhase.Calibrate);
        Assert.Equal([2, 3, 4, 5], steps.Where(step => step.Phase == PipelinePhase.Quantize).Select(step => step.Done));
        Assert.Equal(Files(Path.Combine(Root, "whole")), Files(Output));
    }

    private JsonNode Quantization() => JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantization.json")))!;

    private static double Weights(JsonArray layers) => layers.Sum(layer => layer!["shape"]![0]!.GetValue<double>() * layer["shape"]![1]!.GetValue<double>());

    // The file without what stays in floating point: tied embedding, positions, norms and biases as float32.
    private double PackedBits()
    {
        const int Hidden = 256, Inner = 1024, Blocks = 5;
        const int Kept = (2048 * Hidden) + ((512 + 2) * Hidden) + (Blocks * ((4 * Hidden) + Inner + Hidden + (4 * Hidden))) + (2 * Hidden);
        return 8.0 * (new FileInfo(Path.Combine(Output, "model.onnx.data")).Length - (4.0 * Kept));
    }
}
