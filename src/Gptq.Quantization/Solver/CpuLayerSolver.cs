using Gptq.Numerics;
using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver;

/// <summary>The solver on the processor. The same input gives the same bytes for any number of threads and on every processor.</summary>
public sealed unsafe class CpuLayerSolver : ILayerSolver
{
    private readonly int _threads;

    /// <summary>Creates a solver.</summary>
    /// <param name="threads">Threads to use; −1 for as many as there are processors.</param>
    public CpuLayerSolver(int threads = -1)
    {
        if (threads is 0 or < -1) throw new ArgumentOutOfRangeException(nameof(threads), threads, "Use -1 or a positive number.");
        _threads = threads;
    }

    /// <summary>Where the time goes, for benchmarks.</summary>
    internal SolverTimes Times { get; } = new();

    /// <inheritdoc/>
    public IHessianFactor Factor(HessianAccumulator hessian, SolverOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        options.RequireInputs(hessian);
        var parallel = Parallel(cancellation);
        var size = hessian.InFeatures;
        var stride = Strips.Stride(size);
        var (tokens, samples) = (hessian.Tokens, hessian.Samples);
        var kept = hessian.Kept;
        var (sum, cross) = hessian.Take();
        try
        {
            var h = sum.Data;
            var importance = new float[size];
            var diagonal = new float[size];
            for (var i = 0; i < size; i++)
            {
                importance[i] = h[(i * stride) + i];
                diagonal[i] = importance[i] == 0 ? 1 : importance[i];
                h[(i * stride) + i] = diagonal[i];
            }
            var plan = ColumnPlan.Create(size, diagonal, options);
            var warnings = new List<SolverWarning>();
            if (tokens < size) warnings.Add(RecoveryLadder.Thin(tokens, size));

            SymmetricMatrix.CopyLowerToUpper(h, stride, size, parallel);
            if (!plan.IsContiguous) kept?.Copy(h, [.. Enumerable.Range(0, size)], importance, parallel);
            if (!plan.IsIdentity)
            {
                SymmetricMatrix.Permute(h, stride, plan.Columns, parallel);
                if (cross is not null) SymmetricMatrix.Permute(cross.Data, stride, plan.Columns, parallel);
            }
            // GPTAQ needs the room beside the factor for itself.
            var shares = plan.IsContiguous && options.Method != SolverMethod.Gptaq;
            if (plan.IsContiguous && !shares) kept?.Copy(h, plan.Columns, importance, parallel);
            var damp = RecoveryLadder.Factorise(h, stride, [.. plan.Columns.Select(column => diagonal[column])], options.Damp, warnings, parallel);
            AlignedBuffer? p = null;
            if (damp is not null)
            {
                if (options.Method == SolverMethod.Gptaq) p = Asymmetry.Compute(h, cross!.Data, stride, size, (float)options.AsymmetryScale, parallel);
                if (shares) kept?.Share(h, plan.Columns, importance, damp.Value);
                Strips.FromLower(h, stride, size, parallel);
            }
            cross?.Dispose();
            if (damp is null)
            {
                kept?.Forget();
                sum.Dispose();
            }
            return new CpuHessianFactor(plan.Columns, diagonal, importance, damp is null ? null : sum, p)
            {
                Kept = shares ? kept : null,
                Damp = damp ?? 0,
                Warnings = warnings,
                Tokens = tokens,
                Samples = samples,
            };
        }
        catch
        {
            sum.Dispose();
            cross?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public SolveResult Solve(
        IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options,
        CancellationToken cancellation = default)
    {
        var own = SolveArguments.Check<CpuHessianFactor>(factor, layer, weight, outFeatures, inFeatures, options);
        fixed (float* start = weight)
            return new LayerSolve(own, layer, start, outFeatures, inFeatures, options, Parallel(cancellation), Times).Run();
    }

    private ParallelOptions Parallel(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = _threads, CancellationToken = cancellation };
}
