using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Calibration.Devices;
using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>Quantizes a model's blocks in order: each is calibrated with what the quantized blocks before it give (reference: opt.py, opt_sequential).</summary>
internal static class ModelQuantizer
{
    // docs/quality.md has the measurements: most of the gain is in the first passes.
    public const int RefinementSweeps = 4;

    public static void Run(
        ModelSource source, Preparation preparation, QuantizationOptions options, ResultStore store, DeviceRun device, int threads,
        IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var architecture = source.Architecture;
        var plan = preparation.Plan;
        var parts = architecture.LayerCount + (plan.For(architecture.Head) is null ? 0 : 1);
        var table = plan.For(architecture.TokenEmbedding);
        var solves = architecture.Linears.Any(module => plan.For(module) is not null);
        if (!solves) parts = 0;
        if (store.FinishedParts < parts) RunParts(source, preparation, options, store, parts, device, threads, progress, cancellation);
        if (table is not null && store.FinishedParts == parts)
        {
            progress.Report(new PipelineProgress(PipelinePhase.Quantize, parts, parts, "embedding"));
            store.Add(parts, [RoundTable(architecture, table, threads, cancellation)], null);
        }
        progress.Report(new PipelineProgress(PipelinePhase.Quantize, parts, parts, "done"));
    }

    // Rows of an embedding are picked, not multiplied, so there is no Hessian: each weight goes to its nearest level.
    private static SolveResult RoundTable(Architecture architecture, SolverOptions options, int threads, CancellationToken cancellation)
    {
        var table = architecture.TokenEmbedding;
        var weight = new float[table.Rows * table.Columns];
        architecture.ReadWeight(table, weight);
        return new CpuLayerSolver(threads).Solve(null, table.Name, weight, table.Rows, table.Columns, options, cancellation);
    }

    private static void RunParts(
        ModelSource source, Preparation preparation, QuantizationOptions options, ResultStore store, int parts, DeviceRun device, int threads,
        IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var architecture = source.Architecture;
        using var runner = new BlockRunner(architecture, threads);
        // Rounding to nearest looks at the weights alone: nothing is drawn, run or kept.
        var (activations, floatActivations) = options.Method == SolverMethod.Rtn ? (null, null) : Embed(preparation.Sequences.Value, options.Method, runner, cancellation);
        using var forward = activations is null ? null : device.Forward(activations, options.Method);
        if (activations is not null) Resume(runner, store, activations, floatActivations, forward, cancellation);

        var quantizer = new BlockQuantizer(preparation.Plan, device.Solver, device.Refiner, options.TrueSequential, RefinementSweeps, threads) { Forward = forward };
        for (var part = store.FinishedParts; part < parts; part++)
        {
            progress.Report(new PipelineProgress(PipelinePhase.Quantize, part, parts, part < architecture.LayerCount ? $"block {part + 1} of {architecture.LayerCount}" : "head"));
            using var open = part < architecture.LayerCount ? runner.OpenBlock(part) : runner.OpenHead();
            var results = quantizer.Run(open, activations, floatActivations, cancellation);
            if (activations is not null && part + 1 < parts) Advance(open, activations, forward, cancellation);
            // A device runs the blocks again sooner than it takes to write and read what stands between them.
            store.Add(part, results, part + 1 < parts && forward is null ? activations : null);
        }
    }

    private static (CalibrationActivations Activations, CalibrationActivations? FloatActivations) Embed(
        IReadOnlyList<int[]> sequences, SolverMethod method, BlockRunner runner, CancellationToken cancellation)
    {
        using var embedding = runner.OpenEmbedding();
        return (
            CalibrationActivations.Embed(embedding, sequences, cancellation),
            method == SolverMethod.Gptaq ? CalibrationActivations.Embed(embedding, sequences, cancellation) : null);
    }

    private static void Advance(ModelPart part, CalibrationActivations activations, DeviceForward? forward, CancellationToken cancellation)
    {
        if (forward?.TryAdvance(part, cancellation) != true) activations.Advance(part, cancellation);
    }

    // Takes up an interrupted run behind its last finished block.
    private static void Resume(
        BlockRunner runner, ResultStore store, CalibrationActivations activations, CalibrationActivations? floatActivations, DeviceForward? forward,
        CancellationToken cancellation)
    {
        if (store.FinishedParts == 0 || (floatActivations is null && store.TryReadActivations(activations))) return;
        for (var part = 0; part < store.FinishedParts; part++)
        {
            using var block = runner.OpenBlock(part);
            floatActivations?.Advance(block, cancellation);
            var finished = store.Layers(part);
            foreach (var module in block.Linears.Where(module => finished.Contains(module.Name)))
                store.Read(part, module.Name).Dequantize(block.Weight(module).Span);
            Advance(block, activations, forward, cancellation);
        }
    }
}
