using System.Globalization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Calibration.Devices;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Pipeline;

/// <summary>
/// Calibrates and solves one part of a model: runs it over the calibration activations, sums a Hessian for each stage of layers that share
/// an input, quantizes these layers, and puts the quantized weights in the place of the float ones.
/// </summary>
internal sealed class BlockQuantizer(QuantizationPlan plan, ILayerSolver solver, ICodeRefiner refiner, bool trueSequential, int refinementSweeps, int threads)
{
    /// <summary>The forward pass on GPUs; null on the processor.</summary>
    public DeviceForward? Forward { get; init; }

    /// <summary>Where the time goes, for benchmarks: forward and Hessian together as "calibrate", "factor", "solve", "refine".</summary>
    public PhaseTimes Times { get; } = new();

    /// <summary>Quantizes the layers of a block. Afterwards the block holds their dequantized weights, ready to run for the next one.</summary>
    /// <param name="block">The open block, with float weights.</param>
    /// <param name="activations">Its input, as the quantized blocks before it give it; null where all its layers are rounded to nearest.</param>
    /// <param name="floatActivations">For GPTAQ: its input in the float model; afterwards its output there. Else null.</param>
    /// <param name="cancellation">Stops between batches and inside the solver.</param>
    public IReadOnlyList<SolveResult> Run(ModelPart block, CalibrationActivations? activations, CalibrationActivations? floatActivations, CancellationToken cancellation)
    {
        var stages = block.Linears
            .Where(module => plan.For(module) is not null)
            .GroupBy(module => module.Stage)
            .OrderBy(stage => stage.Key)
            .Select(stage => stage.ToList())
            .ToList();
        if (stages.Count == 0)
        {
            floatActivations?.Advance(block, cancellation);
            return [];
        }

        // The reference collects all Hessians of a block in one pass; true-sequential collects each stage's behind quantized stages.
        var passes = trueSequential ? stages.Select(stage => new List<List<LinearModule>> { stage }) : [stages];
        var results = new List<SolveResult>();
        foreach (var pass in passes)
        {
            var hessians = Times.Measure("calibrate", () => Collect(block, pass, activations, floatActivations, cancellation));
            try
            {
                // Here the block still has its float weights.
                floatActivations?.Advance(block, cancellation);
                foreach (var stage in pass) results.AddRange(Solve(block, stage, hessians[stage[0].Stage], cancellation));
            }
            finally
            {
                foreach (var hessian in hessians.Values) hessian?.Dispose();
            }
        }
        return results;
    }

    private Dictionary<int, HessianAccumulator?> Collect(
        ModelPart block, IReadOnlyList<IReadOnlyList<LinearModule>> stages, CalibrationActivations? activations, CalibrationActivations? floatActivations,
        CancellationToken cancellation)
    {
        var needed = stages.Where(stage => stage.Any(module => plan.For(module)!.Method != SolverMethod.Rtn)).ToList();
        var hessians = stages.ToDictionary(
            stage => stage[0].Stage,
            stage => needed.Contains(stage) ? new HessianAccumulator(stage[0].InFeatures, withFloatInputs: floatActivations is not null) : null);
        if (needed.Count == 0) return hessians;
        ArgumentNullException.ThrowIfNull(activations);

        var names = needed.ToDictionary(stage => stage[0].Stage, stage => stage[0].Name);
        var empty = names.Keys.ToDictionary(stage => stage, stage => hessians[stage]!);
        if (Forward?.TryCollect(block, empty, names, cancellation) == true) return hessians;
        var taps = names.Keys.Order().ToList();
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        for (var index = 0; index < activations.BatchCount; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = activations.BatchShape(index);
            var first = activations.FirstSequence(index);
            var floatInputs = new Dictionary<int, float[]>();
            if (floatActivations is not null)
                block.RunTaps(batch, floatActivations[index], (stage, inputs) => floatInputs[stage] = inputs.ToArray(), taps);
            block.RunTaps(
                batch, activations[index],
                (stage, inputs) => Add(hessians[stage]!, inputs, floatInputs.GetValueOrDefault(stage), batch, names[stage], first, options), taps);
        }
        return hessians;
    }

    private static void Add(
        HessianAccumulator hessian, ReadOnlySpan<float> inputs, ReadOnlySpan<float> floatInputs, TokenBatch batch, string layer, int firstSequence, ParallelOptions options)
    {
        var sequence = inputs.Length / batch.Count;
        for (var i = 0; i < batch.Count; i++)
        {
            var sample = (firstSequence + i).ToString(CultureInfo.InvariantCulture);
            if (floatInputs.IsEmpty) hessian.Add(inputs.Slice(i * sequence, sequence), batch.Length, layer, sample, options);
            else hessian.Add(inputs.Slice(i * sequence, sequence), floatInputs.Slice(i * sequence, sequence), batch.Length, layer, sample, options);
        }
    }

    // Layers of one stage share the Hessian; those that also share the order of columns share its factor.
    private IEnumerable<SolveResult> Solve(ModelPart block, List<LinearModule> stage, HessianAccumulator? hessian, CancellationToken cancellation)
    {
        var results = new Dictionary<LinearModule, SolveResult>();
        var left = stage.GroupBy(module => (plan.For(module)!.GroupSize, plan.For(module)!.Method)).ToList();
        while (left.Count > 0)
        {
            var modules = left[^1];
            left.RemoveAt(left.Count - 1);
            // A factor takes the Hessian's memory, so all but the last get a copy.
            using var copy = left.Count > 0 ? hessian?.Clone() : null;
            var summed = modules.Key.Method == SolverMethod.Rtn ? null : copy ?? hessian;
            using var wanted = summed is null || refinementSweeps == 0 ? null : refiner.Prepare(summed, plan.For(modules.First())!.Damp);
            using var factor = summed is null ? null : Times.Measure("factor", () => solver.Factor(summed, plan.For(modules.First())!, cancellation));
            foreach (var module in modules) results[module] = Solve(block, module, factor, wanted, cancellation);
        }
        return stage.Select(module => results[module]);
    }

    private SolveResult Solve(ModelPart block, LinearModule module, IHessianFactor? factor, IRefinementHessian? hessian, CancellationToken cancellation)
    {
        var weight = block.Weight(module);
        var options = plan.For(module)!;
        var result = Times.Measure("solve", () => solver.Solve(factor, module.Name, weight.Span, module.OutFeatures, module.InFeatures, options, cancellation));
        if (hessian is not null && options.Method != SolverMethod.Rtn)
        {
            var start = result.Linear;
            var refinement = new RefinementOptions(refinementSweeps, RefineScales: true, options.ScaleStorage == ScaleStorage.HalfPrecision);
            var refined = Times.Measure("refine", () => refiner.Refine(weight, hessian, start, refinement, cancellation));
            result = new SolveResult(
                refined.Linear,
                result.Report with
                {
                    Loss = result.Report.Loss * refined.Remaining,
                    LossVersusRtn = result.Report.LossVersusRtn * refined.Remaining,
                    Refined = refined.Remaining,
                    RelativeError = OutputEnergy.Of(weight, hessian, refined.Linear, refiner, cancellation) is > 0 and var energy ? Math.Sqrt(refined.LossAfter / energy) : null,
                });
        }
        result.Linear.Dequantize(weight.Span);
        return result;
    }
}
