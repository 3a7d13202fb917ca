using System.Globalization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Pipeline;

/// <summary>
/// Calibrates and solves one part of a model: runs it over the calibration activations, sums a Hessian for each stage of layers that share
/// an input, quantizes these layers, and puts the quantized weights in the place of the float ones.
/// </summary>
internal sealed class BlockQuantizer(QuantizationPlan plan, ILayerSolver solver, bool trueSequential, int refinementSweeps, int threads)
{
    /// <summary>Quantizes the layers of a block. Afterwards the block holds their dequantized weights, ready to run for the next one.</summary>
    /// <param name="block">The open block, with float weights.</param>
    /// <param name="activations">Its input, as the quantized blocks before it give it.</param>
    /// <param name="cancellation">Stops between batches and inside the solver.</param>
    public IReadOnlyList<SolveResult> Run(ModelPart block, CalibrationActivations activations, CancellationToken cancellation)
    {
        var stages = block.Linears
            .Where(module => plan.For(module) is not null)
            .GroupBy(module => module.Stage)
            .OrderBy(stage => stage.Key)
            .Select(stage => stage.ToList())
            .ToList();
        if (stages.Count == 0) return [];

        // The reference collects all Hessians of a block in one pass; true-sequential collects each stage's behind quantized stages.
        var passes = trueSequential ? stages.Select(stage => new List<List<LinearModule>> { stage }) : [stages];
        var results = new List<SolveResult>();
        foreach (var pass in passes)
        {
            var hessians = Collect(block, pass, activations, cancellation);
            try
            {
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
        ModelPart block, IReadOnlyList<IReadOnlyList<LinearModule>> stages, CalibrationActivations activations, CancellationToken cancellation)
    {
        var needed = stages.Where(stage => stage.Any(module => plan.For(module)!.Method != SolverMethod.Rtn)).ToList();
        var hessians = stages.ToDictionary(
            stage => stage[0].Stage,
            stage => needed.Contains(stage) ? new HessianAccumulator(stage[0].InFeatures) : null);
        if (needed.Count == 0) return hessians;

        var names = needed.ToDictionary(stage => stage[0].Stage, stage => stage[0].Name);
        var taps = names.Keys.Order().ToList();
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        for (var index = 0; index < activations.BatchCount; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = activations.BatchShape(index);
            var first = activations.FirstSequence(index);
            block.RunTaps(batch, activations[index], (stage, inputs) => Add(hessians[stage]!, inputs, batch, names[stage], first, options), taps);
        }
        return hessians;
    }

    private static void Add(HessianAccumulator hessian, ReadOnlySpan<float> inputs, TokenBatch batch, string layer, int firstSequence, ParallelOptions options)
    {
        var sequence = inputs.Length / batch.Count;
        for (var i = 0; i < batch.Count; i++)
            hessian.Add(inputs.Slice(i * sequence, sequence), batch.Length, layer, (firstSequence + i).ToString(CultureInfo.InvariantCulture), options);
    }

    private List<SolveResult> Solve(ModelPart block, List<LinearModule> stage, HessianAccumulator? hessian, CancellationToken cancellation)
    {
        var results = new List<SolveResult>();
        var dense = hessian is null || refinementSweeps == 0 ? null : DenseHessian(hessian);
        using var factor = hessian is null ? null : solver.Factor(hessian, plan.For(stage[0])!, cancellation);
        foreach (var module in stage)
        {
            var weight = block.Weight(module);
            var result = solver.Solve(factor, module.Name, weight, module.OutFeatures, module.InFeatures, plan.For(module)!, cancellation);
            if (dense is not null)
            {
                var options = new RefinementOptions(refinementSweeps, RefineScales: true, plan.For(module)!.ScaleStorage == ScaleStorage.HalfPrecision);
                result = result with { Linear = CodeRefinement.Refine(weight.ToArray(), dense, result.Linear, options, threads, cancellation) };
            }
            result.Linear.Dequantize(weight);
            results.Add(result);
        }
        return results;
    }

    private static float[] DenseHessian(HessianAccumulator hessian)
    {
        var size = hessian.InFeatures;
        var dense = new float[size * size];
        for (var row = 0; row < size; row++)
        {
            var lower = hessian.Sum(row, row + 1);
            for (var column = 0; column <= row; column++) dense[(row * size) + column] = dense[(column * size) + row] = lower[column];
        }
        return dense;
    }
}
