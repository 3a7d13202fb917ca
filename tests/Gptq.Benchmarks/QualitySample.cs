using System.Globalization;
using Gptq.Quantization.Allocation;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Benchmarks;

/// <summary>A checkpoint with token sequences to calibrate and to test with: what settings are compared on.</summary>
internal sealed class QualitySample(ModelSource source, IReadOnlyList<int[]> calibration, IReadOnlyList<int[]> windows)
{
    // docs/quality.md says how many resamplings there are.
    private const int Resamplings = 2000;

    private static readonly int s_threads = Environment.ProcessorCount;
    private IReadOnlyList<double>? _exact;

    /// <summary>Nats of each window, float.</summary>
    public IReadOnlyList<double> Float => _exact ??= QualityRun.Float(source.Architecture, windows, s_threads);

    /// <summary>Nats of each window, all block linears quantized alike.</summary>
    public IReadOnlyList<double> Uniform(SolverOptions options, int sweeps, bool trueSequential = false) =>
        Run(QuantizationPlan.Uniform(source.Architecture, options), options, sweeps, trueSequential);

    /// <summary>Nats of each window, widths chosen for an average.</summary>
    public IReadOnlyList<double> Allocated(SolverOptions options, int sweeps, double bitsPerWeight, out IReadOnlyDictionary<string, LayerForm> forms)
    {
        var plan = QuantizationPlan.Uniform(source.Architecture, options);
        forms = BitAllocator.Allocate(source.Architecture, plan, Target(options, bitsPerWeight), calibration, new CpuLayerSolver(s_threads), new CpuCodeRefiner(s_threads), sweeps, s_threads, _ => { }, CancellationToken.None);
        return Run(plan.With(forms), options, sweeps, trueSequential: false);
    }

    /// <summary>What a weight takes on average, in bits.</summary>
    public double BitsPerWeight(SolverOptions options, IReadOnlyDictionary<string, LayerForm>? forms = null)
    {
        var storage = new WeightStorage(Target(options, 4), OperatorSet.Gptq);
        var linears = source.Architecture.Linears.Where(module => module.Layer >= 0).ToList();
        var bits = linears.Sum(module => storage.Bits(module, forms?.GetValueOrDefault(module.Name) ?? new LayerForm(options.Bits, options.GroupSize)));
        return bits / (double)linears.Sum(module => (long)module.OutFeatures * module.InFeatures);
    }

    /// <summary>How far the difference between two perplexities may be chance: 95% of what resampled windows give, in pairs.</summary>
    public static (double Low, double High) Interval(IReadOnlyList<double> reference, IReadOnlyList<double> actual)
    {
        var random = new Random(0);
        var differences = Enumerable.Range(0, Resamplings).Select(_ =>
        {
            var picks = Enumerable.Range(0, actual.Count).Select(_ => random.Next(actual.Count)).ToArray();
            return Math.Exp(picks.Average(i => actual[i])) - Math.Exp(picks.Average(i => reference[i]));
        }).Order().ToArray();
        return (differences[Resamplings / 40], differences[^((Resamplings / 40) + 1)]);
    }

    /// <summary>The interval as a text.</summary>
    public static string IntervalText(IReadOnlyList<double> reference, IReadOnlyList<double> actual)
    {
        var (low, high) = Interval(reference, actual);
        return string.Create(CultureInfo.InvariantCulture, $"{low:+0.00;-0.00} to {high:+0.00;-0.00}");
    }

    private static QuantizationOptions Target(SolverOptions options, double bitsPerWeight) => new()
    {
        TargetBitsPerWeight = bitsPerWeight, GroupSize = options.GroupSize, Symmetric = options.Symmetric, ActOrder = options.ActOrder, Method = options.Method,
    };

    private IReadOnlyList<double> Run(QuantizationPlan plan, SolverOptions options, int sweeps, bool trueSequential) => QualityRun.Run(
        source.Architecture,
        new BlockQuantizer(plan, new CpuLayerSolver(s_threads), new CpuCodeRefiner(s_threads), trueSequential, sweeps, s_threads),
        calibration,
        windows,
        s_threads,
        withFloatInputs: options.Method == SolverMethod.Gptaq);
}
