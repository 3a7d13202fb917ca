using System.Diagnostics;
using System.Text.Json.Nodes;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Calibration.Devices;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.GpuCheck;

/// <summary>What one block of a large model takes, with all of a calibration, and what follows for the whole model.</summary>
internal static class BlockTime
{
    private const int Sweeps = 4;

    public static IEnumerable<Figure> Run(CheckContext context, CancellationToken cancellation)
    {
        OptShape[] shapes = context.IsDryRun ? [OptShape.Tiny] : [OptShape.Opt13B, OptShape.Opt175B];
        foreach (var shape in shapes) yield return Measure(context, shape, cancellation);
    }

    private static Figure Measure(CheckContext context, OptShape shape, CancellationToken cancellation)
    {
        var (samples, length) = context.IsDryRun ? (4, 16) : (128, 2048);
        var threads = Environment.ProcessorCount;
        var architecture = shape.CreateBlock(length);
        using var runner = new BlockRunner(architecture, threads);
        var random = new Random(1);
        CalibrationActivations activations;
        using (var embedding = runner.OpenEmbedding())
        {
            activations = CalibrationActivations.Embed(
                embedding, [.. Enumerable.Range(0, samples).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(OptShape.Vocabulary)).ToArray())], cancellation);
        }
        using var forward = context.Engine.WhyNoForward is null ? new DeviceForward([.. context.Gpus.Select(gpu => new DeviceLane(context.Engine, gpu))], activations) : null;
        var solver = new DeviceSolver(context.Engine.CreateSolver(context.Gpus[0]), context.Engine.CreateRefiner(context.Gpus[0]), new CpuLayerSolver(threads), new CpuCodeRefiner(threads));
        var options = new SolverOptions { ActOrder = ActOrder.GroupAware, MseSearch = true, ImportanceWeighted = true, ScaleStorage = ScaleStorage.HalfPrecision };
        var quantizer = new BlockQuantizer(QuantizationPlan.Uniform(architecture, options), solver, solver, trueSequential: false, Sweeps, threads) { Forward = forward };

        var clock = Stopwatch.StartNew();
        using var block = runner.OpenBlock(0);
        var read = clock.Elapsed;
        quantizer.Run(block, activations, null, cancellation);
        var solved = clock.Elapsed;
        if (forward?.TryAdvance(block, cancellation) != true) activations.Advance(block, cancellation);
        forward?.Settle();
        var all = clock.Elapsed;

        // The first block starts sessions and libraries, which the others find started: what follows for the model is an upper bound.
        var minutes = all.TotalMinutes * shape.Blocks;
        var values = new JsonObject { ["model"] = shape.Name, ["sequences"] = samples, ["length"] = length, ["readSeconds"] = Seconds(read) };
        foreach (var (phase, seconds) in quantizer.Times.Phases) values[phase + "Seconds"] = Math.Round(seconds.Wall, 3);
        values["advanceSeconds"] = Seconds(all - solved);
        values["blockSeconds"] = Seconds(all);
        values["blocks"] = shape.Blocks;
        values["modelMinutes"] = Math.Round(minutes, 2);
        values["targetMinutes"] = shape.Minutes;
        values["meetsTarget"] = minutes <= shape.Minutes;
        values["warnings"] = new JsonArray([.. (forward?.Warnings() ?? []).Concat(solver.Warnings()).Select(warning => (JsonNode)warning.Code)]);
        return new Figure("block-time", null, values);
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);
}
