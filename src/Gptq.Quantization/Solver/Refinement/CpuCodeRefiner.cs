namespace Gptq.Quantization.Solver.Refinement;

/// <summary><see cref="CodeRefinement"/> on the processor.</summary>
/// <param name="threads">Row blocks worked at once; the result does not depend on it.</param>
public sealed class CpuCodeRefiner(int threads) : ICodeRefiner
{
    /// <inheritdoc/>
    public RefinementResult Refine(
        ReadOnlyMemory<float> weight, ReadOnlyMemory<float> hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation) =>
        CodeRefinement.Refine(weight, hessian, start, options, threads, cancellation);
}
