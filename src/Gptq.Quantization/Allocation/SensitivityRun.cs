using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Allocation;

/// <summary>
/// Measures, in one pass over the float model, what each form of each layer would cost the model's output. The loss of a form is tr((W − Q) H (W − Q)ᵀ) on the
/// layer's Hessian, as the solver and the refinement leave it, of a sample of its rows. What that means for the output is measured once a layer: with that layer
/// alone in a middle form, the next tokens' distribution moves by so much (Kullback-Leibler divergence) for so much loss, and small losses move it in proportion.
/// </summary>
internal sealed class SensitivityRun
{
    // Rows of a layer are independent of one another, so that some of them speak for all.
    private const int SampledRows = 128;
    private const int HessianSequences = 32;
    private const int ProbeTokens = 1024;
    private const int ProbeLength = 256;

    // One set of hidden states a layer waits for the last block: on large models, fewer tokens.
    private const long ProbeBytes = 2L << 30;

    private static readonly LayerForm s_probe = new(BitWidth.Three, 128);

    private readonly Architecture _architecture;
    private readonly AllocationProblem _problem;
    private readonly Func<LinearModule, LayerForm, SolverOptions> _options;
    private readonly ILayerSolver _solver;
    private readonly ICodeRefiner _refiner;
    private readonly ParallelOptions _parallel;
    private readonly int _threads;
    private readonly int _sweeps;

    /// <summary>Prepares a run.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="problem">The layers and their forms.</param>
    /// <param name="options">The solver's options for a layer in a form.</param>
    /// <param name="solver">Solves samples of layers.</param>
    /// <param name="refiner">Refines them.</param>
    /// <param name="sweeps">Passes of the refinement.</param>
    /// <param name="threads">Threads; no result depends on them.</param>
    /// <param name="cancellation">Stops between layers.</param>
    public SensitivityRun(
        Architecture architecture, AllocationProblem problem, Func<LinearModule, LayerForm, SolverOptions> options, ILayerSolver solver, ICodeRefiner refiner, int sweeps,
        int threads, CancellationToken cancellation)
    {
        _architecture = architecture;
        _problem = problem;
        _options = options;
        _sweeps = sweeps;
        _threads = threads;
        _solver = solver;
        _refiner = refiner;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
    }

    /// <summary>Measures.</summary>
    /// <param name="sequences">Calibration sequences.</param>
    /// <param name="report">Told of each block before it is measured.</param>
    /// <returns>What each layer's forms cost, in nats a token, in the order of <see cref="AllocationProblem.Forms"/>.</returns>
    public IReadOnlyDictionary<LinearModule, double[]> Measure(IReadOnlyList<int[]> sequences, Action<int> report)
    {
        var losses = new Dictionary<LinearModule, double[]>();
        var probes = new List<(LinearModule Module, double Loss, CalibrationActivations Hidden)>();
        using var runner = new BlockRunner(_architecture, _threads);
        CalibrationActivations seen, exact;
        using (var embedding = runner.OpenEmbedding())
        {
            seen = CalibrationActivations.Embed(embedding, [.. sequences.Take(HessianSequences)], _parallel.CancellationToken);
            exact = CalibrationActivations.Embed(embedding, Probes(sequences), _parallel.CancellationToken);
        }
        for (var layer = 0; layer < _architecture.LayerCount; layer++)
        {
            report(layer);
            using var block = runner.OpenBlock(layer);
            foreach (var probe in probes) probe.Hidden.Advance(block, _parallel.CancellationToken);
            foreach (var (stage, hessian) in Hessians(block, seen))
            {
                using (hessian)
                {
                    foreach (var module in block.Linears.Where(module => module.Stage == stage && _problem.Forms.ContainsKey(module)))
                    {
                        losses[module] = [.. LossesOf(module, block.Weight(module).Span, hessian)];
                        probes.Add(Probe(block, module, hessian, exact));
                    }
                }
            }
            seen.Advance(block, _parallel.CancellationToken);
            exact.Advance(block, _parallel.CancellationToken);
        }

        using var head = runner.OpenHead();
        var expected = Logits(head, exact);
        return probes.ToDictionary(
            probe => probe.Module,
            probe =>
            {
                var perLoss = probe.Loss > 0 ? Divergence(expected, Logits(head, probe.Hidden), head.OutputFeatures) / probe.Loss : 0;
                return losses[probe.Module].Select(loss => loss * perLoss).ToArray();
            });
    }

    private int[][] Probes(IReadOnlyList<int[]> sequences)
    {
        var length = Math.Min(ProbeLength, sequences[0].Length);
        var perSequence = (long)(_problem.Free.Count + 1) * length * _architecture.HiddenSize * sizeof(float);
        var count = (int)Math.Clamp(Math.Min(ProbeTokens / length, ProbeBytes / perSequence), 1, sequences.Count);
        return [.. sequences.Take(count).Select(sequence => sequence[..length])];
    }

    private IEnumerable<(int Stage, HessianAccumulator Hessian)> Hessians(ModelPart block, CalibrationActivations seen)
    {
        var stages = block.Linears.Where(_problem.Forms.ContainsKey).GroupBy(module => module.Stage).OrderBy(stage => stage.Key).Select(stage => stage.First()).ToList();
        if (stages.Count == 0) return [];
        var hessians = stages.ToDictionary(module => module.Stage, module => new HessianAccumulator(module.InFeatures));
        var names = stages.ToDictionary(module => module.Stage, module => module.Name);
        for (var index = 0; index < seen.BatchCount; index++)
        {
            var batch = seen.BatchShape(index);
            block.RunTaps(
                batch, seen[index],
                (stage, inputs) => hessians[stage].Add(inputs, batch.Tokens, names[stage], seen.FirstSequence(index).ToString(System.Globalization.CultureInfo.InvariantCulture), _parallel),
                [.. hessians.Keys]);
        }
        return hessians.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value));
    }

    private IEnumerable<double> LossesOf(LinearModule module, ReadOnlySpan<float> weight, HessianAccumulator hessian)
    {
        var rows = Sample(module, weight);
        var count = rows.Length / module.InFeatures;
        var losses = new Dictionary<LayerForm, double>();
        foreach (var group in _problem.Forms[module].GroupBy(form => form.GroupSize))
        {
            // The order of columns depends on the groups, the factor on the order.
            using var copy = hessian.Clone();
            using var damped = Prepare(module, group.First(), copy);
            using var factor = Factor(module, group.First(), copy);
            foreach (var form in group)
            {
                var options = _options(module, form);
                var solved = _solver.Solve(factor, module.Name, rows, count, module.InFeatures, options, _parallel.CancellationToken);
                losses[form] = LossOf(rows, damped, solved.Linear, options, factor is null ? 0 : _sweeps) * module.OutFeatures / count;
            }
        }
        return _problem.Forms[module].Select(form => losses[form]);
    }

    private (LinearModule Module, double Loss, CalibrationActivations Hidden) Probe(
        ModelPart block, LinearModule module, HessianAccumulator hessian, CalibrationActivations exact)
    {
        var options = _options(module, s_probe);
        var weight = block.Weight(module).Span;
        var kept = weight.ToArray();
        using var copy = hessian.Clone();
        using var damped = Prepare(module, s_probe, copy);
        using var factor = Factor(module, s_probe, copy);
        var linear = _solver.Solve(factor, module.Name, kept, module.OutFeatures, module.InFeatures, options, _parallel.CancellationToken).Linear;
        var loss = LossOf(kept, damped, linear, options, sweeps: 0);
        linear.Dequantize(weight);
        var hidden = exact.Behind(block, _parallel.CancellationToken);
        kept.CopyTo(weight);
        return (module, loss, hidden);
    }

    // In this order, so that the refiner finds what it needs beside the factor.
    private IRefinementHessian Prepare(LinearModule module, LayerForm form, HessianAccumulator hessian) => _refiner.Prepare(hessian, _options(module, form).Damp);

    private IHessianFactor? Factor(LinearModule module, LayerForm form, HessianAccumulator hessian) =>
        _options(module, form) is { Method: not SolverMethod.Rtn } options ? _solver.Factor(hessian, options, _parallel.CancellationToken) : null;

    private double LossOf(float[] rows, IRefinementHessian hessian, QuantizedLinear linear, SolverOptions options, int sweeps) => _refiner.Refine(
        rows, hessian, linear, new RefinementOptions(sweeps, RefineScales: true, options.ScaleStorage == ScaleStorage.HalfPrecision), _parallel.CancellationToken).LossAfter;

    private static float[] Sample(LinearModule module, ReadOnlySpan<float> weight)
    {
        var count = Math.Min(SampledRows, module.OutFeatures);
        var rows = new float[count * module.InFeatures];
        for (var i = 0; i < count; i++)
        {
            var row = (int)((long)i * module.OutFeatures / count);
            weight.Slice(row * module.InFeatures, module.InFeatures).CopyTo(rows.AsSpan(i * module.InFeatures));
        }
        return rows;
    }

    private List<float[]> Logits(ModelPart head, CalibrationActivations hidden)
    {
        var all = new List<float[]>();
        for (var index = 0; index < hidden.BatchCount; index++)
        {
            _parallel.CancellationToken.ThrowIfCancellationRequested();
            var logits = new float[hidden.BatchShape(index).Tokens * head.OutputFeatures];
            head.RunBlock(hidden.BatchShape(index), hidden[index], logits);
            all.Add(logits);
        }
        return all;
    }

    private static double Divergence(List<float[]> expected, List<float[]> actual, int vocabulary)
    {
        double sum = 0;
        long tokens = 0;
        for (var batch = 0; batch < expected.Count; batch++)
        {
            for (var at = 0; at < expected[batch].Length; at += vocabulary, tokens++)
                sum += LogitMeasures.KlDivergence(expected[batch].AsSpan(at, vocabulary), actual[batch].AsSpan(at, vocabulary));
        }
        return sum / tokens;
    }
}
