using System.Text.Json.Nodes;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>CalibrationData=self: the model writes what it is calibrated with.</summary>
public sealed class SelfCalibrationTests : PipelineTest
{
    [Fact]
    public async Task The_text_is_the_same_on_any_number_of_threads_and_after_an_interruption()
    {
        var request = Request(new QuantizationOptions { CalibrationData = "self" });
        await RunAsync(request with { CacheDirectory = Path.Combine(Root, "other-cache"), OutputDirectory = Path.Combine(Root, "whole"), Threads = 1 });

        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            request,
            progress =>
            {
                if (progress is { Phase: PipelinePhase.Quantize, Done: 1 }) interrupt.Cancel();
            },
            interrupt.Token));
        List<PipelineProgress> steps = [];
        await RunAsync(request, steps.Add);

        Assert.DoesNotContain(steps, step => step.Phase == PipelinePhase.Calibrate);
        Assert.Equal(Files(Path.Combine(Root, "whole")), Files(Output));
        Assert.Equal("self", JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantization.json")))!["calibration"]!["text"]!.GetValue<string>());
        Assert.Empty(Directory.EnumerateDirectories(Path.GetDirectoryName(Output)!, "*.float-*"));
    }

    [Fact]
    public async Task The_seed_counts()
    {
        await RunAsync(Request(new QuantizationOptions { CalibrationData = "self" }));
        await RunAsync(Request(new QuantizationOptions { CalibrationData = "self", Seed = 1 }) with { OutputDirectory = Path.Combine(Root, "other") });
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")), File.ReadAllBytes(Path.Combine(Root, "other", "model.onnx.data")));
    }

    [Fact]
    public void The_model_finds_its_own_text_likely()
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        var decoder = Path.Combine(Root, "decoder");
        FloatBundle.Write(source, decoder, CancellationToken.None);
        using var writer = new SelfWriter(source.Architecture, decoder, threads: 2);

        var written = writer.Write([], samples: 70, length: 24, seed: 0, (_, _) => { }, CancellationToken.None);

        Assert.Equal(70, written.Count);
        Assert.All(written, sequence => Assert.Equal(24, sequence.Length));
        Assert.Equal(70, written.Select(sequence => string.Join(' ', sequence)).Distinct().Count());
        Assert.DoesNotContain(written.SelectMany(sequence => sequence), id => source.Architecture.EosTokenIds.Contains(id));
        var random = new Random(0);
        var shuffled = written.Select(sequence => { var ids = (int[])sequence.Clone(); random.Shuffle(ids); return ids; }).ToList();
        var (own, noise) = (Loss(source, written), Loss(source, shuffled));
        // A model's own text has the entropy of its predictions; the same tokens in another order have not.
        Assert.True(own < noise - 1, $"{own} nats against {noise}");
        // The first sequences do not depend on how many there are.
        Assert.Equal(written.Take(2), writer.Write([], samples: 2, length: 24, seed: 0, (_, _) => { }, CancellationToken.None));
        Assert.All(writer.Write([5, 7], samples: 2, length: 8, seed: 0, (_, _) => { }, CancellationToken.None), sequence => Assert.Equal([5, 7], sequence[..2]));
    }

    private static double Loss(ModelSource source, IReadOnlyList<int[]> windows) => QualityRun.Float(source.Architecture, windows, threads: 2).Average();
}
