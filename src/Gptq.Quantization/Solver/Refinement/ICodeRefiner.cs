namespace Gptq.Quantization.Solver.Refinement;

/// <summary>The seam between the pipeline and a device for what follows the solver (see <see cref="CodeRefinement"/>).</summary>
public interface ICodeRefiner
{
    /// <summary>Takes a copy of a Hessian, damped as the solver damps it, for all layers that share it.</summary>
    /// <param name="hessian">Not yet given to a solver; it stays as it is.</param>
    /// <param name="damp">What is added to its diagonal, as a fraction of its mean. Without, inputs that the calibration never told apart would let codes drift.</param>
    IRefinementHessian Prepare(HessianAccumulator hessian, double damp);

    /// <summary>Refines a layer.</summary>
    /// <param name="weight">[out, in], the float weights.</param>
    /// <param name="hessian">What <see cref="Prepare"/> of this refiner gave.</param>
    /// <param name="start">What the solver found.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>A layer of the same format, and the loss before and after; it is not larger afterwards.</returns>
    RefinementResult Refine(
        ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation);
}
