namespace Gptq.Quantization.Solver.Refinement;

/// <summary>The seam between the pipeline and a device for what follows the solver (see <see cref="CodeRefinement"/>).</summary>
public interface ICodeRefiner
{
    /// <summary>Refines a layer.</summary>
    /// <param name="weight">[out, in], the float weights.</param>
    /// <param name="hessian">[in, in], symmetric, damped as it was for the solver.</param>
    /// <param name="start">What the solver found.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>A layer of the same format, and the loss before and after; it is not larger afterwards.</returns>
    RefinementResult Refine(
        ReadOnlyMemory<float> weight, ReadOnlyMemory<float> hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation);
}
