using System.Text.Json.Nodes;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Calibration.Devices;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.GpuCheck;

/// <summary>Hessians and hidden states of the GPU's forward pass against the processor's.</summary>
internal static class ForwardEquality
{
    // float16 has 11 bits: each input of a product is off by 2^-12 at most.
    private const double Tolerance = 0.005;

    public static IEnumerable<Figure> Run(CheckContext context, CancellationToken cancellation)
    {
        if (context.Engine.WhyNoForward is { } why)
        {
            yield return new Figure("forward-equality", false, new JsonObject { ["why"] = why });
            yield break;
        }
        var (shape, length) = context.IsDryRun ? (OptShape.Tiny, 16) : (OptShape.Tiny with { Hidden = 1024, Heads = 16 }, 512);
        var architecture = shape.CreateBlock(length);
        using var runner = new BlockRunner(architecture, Environment.ProcessorCount);
        var (expected, actual) = (Embed(runner, length), Embed(runner, length));
        using var block = runner.OpenBlock(0);
        var (theirs, ours) = (Empty(block), Empty(block));
        for (var index = 0; index < expected.BatchCount; index++)
        {
            var batch = expected.BatchShape(index);
            block.RunTaps(batch, expected[index], (stage, inputs) => theirs[stage].Add(inputs, batch.Tokens, "layer", "0"), [.. theirs.Keys.Order()]);
        }
        using var forward = new DeviceForward([.. context.Gpus.Select(gpu => new DeviceLane(context.Engine, gpu))], actual);
        var names = block.Linears.GroupBy(module => module.Stage).ToDictionary(stage => stage.Key, stage => stage.First().Name);
        var ran = forward.TryCollect(block, ours, names, cancellation) && forward.TryAdvance(block, cancellation);
        forward.Settle();
        expected.Advance(block, cancellation);
        var hessians = theirs.Keys.Max(stage => Distance(theirs[stage], ours[stage]));
        var hidden = Enumerable.Range(0, expected.BatchCount).Max(index => Distance(expected[index], actual[index]));
        yield return new Figure("forward-equality", ran && hessians < Tolerance && hidden < Tolerance, new JsonObject
        {
            ["hidden"] = shape.Hidden, ["gpus"] = context.Gpus.Count, ["hessianError"] = Math.Round(hessians, 6), ["hiddenError"] = Math.Round(hidden, 6),
        });
    }

    private static CalibrationActivations Embed(BlockRunner runner, int length)
    {
        var random = new Random(1);
        using var embedding = runner.OpenEmbedding();
        return CalibrationActivations.Embed(
            embedding, [.. Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(OptShape.Vocabulary)).ToArray())], default, tokensPerBatch: 2 * length);
    }

    private static Dictionary<int, HessianAccumulator> Empty(ModelPart block) =>
        block.Linears.Select(module => module.Stage).Distinct().ToDictionary(stage => stage, stage => new HessianAccumulator(block.StageFeatures(stage)));

    private static double Distance(HessianAccumulator expected, HessianAccumulator actual)
    {
        double difference = 0, size = 0;
        for (var row = 0; row < expected.InFeatures; row++)
        {
            var (ours, theirs) = (actual.Sum(row, row + 1).ToArray(), expected.Sum(row, row + 1).ToArray());
            difference += ours.Zip(theirs).Sum(pair => Math.Pow(pair.First - pair.Second, 2));
            size += theirs.Sum(value => Math.Pow(value, 2));
        }
        return Math.Sqrt(difference / size);
    }

    private static double Distance(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / expected.Sum(value => Math.Pow(value, 2)));
}
