namespace Gptq.Quantization.Solver.Refinement;

/// <summary><see cref="CodeRefinement"/> on the processor, behind <see cref="CpuLayerSolver"/>.</summary>
/// <param name="threads">Threads to use; the result does not depend on it.</param>
public sealed class CpuCodeRefiner(int threads) : ICodeRefiner
{
    /// <inheritdoc/>
    /// <remarks>Nothing is copied yet: the solver's factor leaves the Hessian beside it, as long as it is there.</remarks>
    public IRefinementHessian Prepare(HessianAccumulator hessian, double damp)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        return new StripHessian(hessian, damp);
    }

    /// <inheritdoc/>
    public RefinementResult Refine(
        ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(options);
        return hessian is StripHessian strips
            ? CodeRefinement.Refine(weight, strips, start, options, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation })
            : throw new ArgumentException("The Hessian is another refiner's.", nameof(hessian));
    }
}
