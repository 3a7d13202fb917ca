using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Devices;

/// <summary>
/// Solves and refines on a device. Where its memory is short, a layer goes through in pieces of rows; where even a few rows do not fit, the
/// processor takes the layers that share the Hessian over.
/// </summary>
/// <param name="device">Throws <see cref="DeviceOutOfMemoryException"/> where the device is too small.</param>
/// <param name="deviceRefiner">The same for refinement.</param>
/// <param name="processor">Takes over.</param>
/// <param name="processorRefiner">Takes over.</param>
internal sealed class DeviceSolver(ILayerSolver device, ICodeRefiner deviceRefiner, ILayerSolver processor, ICodeRefiner processorRefiner) : ILayerSolver, ICodeRefiner
{
    /// <summary>Fewer rows than this would only waste the device: its time for them is that of many.</summary>
    internal const int FewestRows = 256;

    private readonly SortedSet<string> _inPieces = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _onProcessor = new(StringComparer.Ordinal);
    private Shared? _latest;
    private string _fullDevice = "";

    /// <summary>What a person should know of the layers so far.</summary>
    public IReadOnlyList<GptqWarning> Warnings()
    {
        var warnings = new List<GptqWarning>();
        if (_inPieces.Count > 0)
        {
            warnings.Add(new GptqWarning(
                "GPTQ6104", $"{_fullDevice} has too little free memory for all rows at once of {Describe(_inPieces)}; they went through in pieces, which takes longer. Close what else uses the GPU."));
        }
        if (_onProcessor.Count > 0)
        {
            warnings.Add(new GptqWarning(
                "GPTQ6105", $"{_fullDevice} has too little free memory for {Describe(_onProcessor)}; the processor took them, which takes longer. Close what else uses the GPU, or use a larger one."));
        }
        return warnings;
    }

    /// <inheritdoc/>
    public IRefinementHessian Prepare(HessianAccumulator hessian, double damp)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        var shared = _latest = new Shared(hessian, damp);
        try
        {
            shared.Refinement = deviceRefiner.Prepare(hessian, damp);
        }
        catch (DeviceOutOfMemoryException exception)
        {
            MoveRefinement(shared, hessian, exception);
        }
        return new SharedRefinement(shared);
    }

    /// <inheritdoc/>
    public IHessianFactor Factor(HessianAccumulator hessian, SolverOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        var shared = _latest is { } latest && ReferenceEquals(latest.Hessian, hessian) ? latest : new Shared(hessian, damp: null);
        _latest = null;
        shared.Options = options;
        if (!shared.IsOnProcessor)
        {
            try
            {
                shared.Factor = device.Factor(hessian, options, cancellation);
                return new SharedFactor(shared);
            }
            catch (DeviceOutOfMemoryException exception)
            {
                MoveRefinement(shared, hessian, exception);
            }
        }
        shared.Factor = processor.Factor(hessian, options, cancellation);
        return new SharedFactor(shared);
    }

    /// <inheritdoc/>
    public SolveResult Solve(
        IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options, CancellationToken cancellation = default)
    {
        // Rounding to nearest is over before a weight is on a device.
        if (factor is null) return processor.Solve(null, layer, weight, outFeatures, inFeatures, options, cancellation);
        var shared = (factor as SharedFactor ?? throw new ArgumentException("The factor is another solver's.", nameof(factor))).Shared;
        shared.Layer = layer;
        var values = weight.ToArray();
        if (!shared.IsOnProcessor)
        {
            try
            {
                return InPieces(layer, 0, outFeatures, (first, count) =>
                    device.Solve(shared.Factor, layer, values.AsSpan(first * inFeatures, count * inFeatures), count, inFeatures, options, cancellation), LayerRows.Join);
            }
            catch (DeviceOutOfMemoryException exception)
            {
                Move(shared, exception, cancellation);
            }
        }
        _inPieces.Remove(layer);
        _onProcessor.Add(layer);
        return processor.Solve(shared.Factor, layer, values, outFeatures, inFeatures, options, cancellation);
    }

    /// <inheritdoc/>
    public RefinementResult Refine(
        ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(start);
        var shared = (hessian as SharedRefinement ?? throw new ArgumentException("The Hessian is another refiner's.", nameof(hessian))).Shared;
        if (!shared.IsOnProcessor)
        {
            try
            {
                return InPieces(
                    shared.Layer, 0, start.OutFeatures,
                    (first, count) => deviceRefiner.Refine(
                        weight.Slice(first * start.InFeatures, count * start.InFeatures), shared.Refinement!,
                        count == start.OutFeatures ? start : LayerRows.Slice(start, first, count), options, cancellation),
                    (upper, lower) => new RefinementResult(
                        LayerRows.Join(upper.Linear, lower.Linear), upper.LossBefore + lower.LossBefore, upper.LossAfter + lower.LossAfter));
            }
            catch (DeviceOutOfMemoryException exception)
            {
                Move(shared, exception, cancellation);
            }
        }
        _inPieces.Remove(shared.Layer);
        _onProcessor.Add(shared.Layer);
        return processorRefiner.Refine(weight, shared.Refinement!, start, options, cancellation);
    }

    private T InPieces<T>(string layer, int first, int count, Func<int, int, T> run, Func<T, T, T> join)
    {
        try
        {
            return run(first, count);
        }
        catch (DeviceOutOfMemoryException exception) when (count >= 2 * FewestRows)
        {
            _fullDevice = exception.Device;
            _inPieces.Add(layer);
        }
        var half = count / 2;
        return join(InPieces(layer, first, half, run, join), InPieces(layer, first + half, count - half, run, join));
    }

    // The processor's refinement wants to see the Hessian before its solver does.
    private void MoveRefinement(Shared shared, HessianAccumulator hessian, DeviceOutOfMemoryException exception)
    {
        _fullDevice = exception.Device;
        shared.IsOnProcessor = true;
        shared.Refinement?.Dispose();
        shared.Refinement = shared.Damp is { } damp ? processorRefiner.Prepare(hessian, damp) : null;
    }

    private void Move(Shared shared, DeviceOutOfMemoryException exception, CancellationToken cancellation)
    {
        if (shared.Factor is not IDeviceHessianFactor factor) throw exception;
        var hessian = factor.ReleaseHessian();
        MoveRefinement(shared, hessian, exception);
        shared.Factor = processor.Factor(hessian, shared.Options!, cancellation);
    }

    private static string Describe(SortedSet<string> layers) => layers.Count <= 3
        ? string.Join(", ", layers)
        : $"{string.Join(", ", layers.Take(3))} and {layers.Count - 3} other layers";

    /// <summary>What layers that share a Hessian have in common, wherever it is.</summary>
    private sealed class Shared(HessianAccumulator hessian, double? damp)
    {
        public HessianAccumulator Hessian => hessian;

        public double? Damp => damp;

        public SolverOptions? Options { get; set; }

        /// <summary>The layer at work: it is solved, then refined.</summary>
        public string Layer { get; set; } = "";

        public bool IsOnProcessor { get; set; }

        public IHessianFactor? Factor { get; set; }

        public IRefinementHessian? Refinement { get; set; }
    }

    private sealed class SharedFactor(Shared shared) : IHessianFactor
    {
        public Shared Shared => shared;

        public int InFeatures => shared.Factor!.InFeatures;

        public double Damp => shared.Factor!.Damp;

        public bool IsRoundToNearest => shared.Factor!.IsRoundToNearest;

        public IReadOnlyList<SolverWarning> Warnings => shared.Factor!.Warnings;

        public void Dispose() => shared.Factor?.Dispose();
    }

    private sealed class SharedRefinement(Shared shared) : IRefinementHessian
    {
        public Shared Shared => shared;

        public int InFeatures => shared.Hessian.InFeatures;

        public void Dispose() => shared.Refinement?.Dispose();
    }
}
