namespace Gptq.Quantization.Solver.Refinement;

/// <summary><see cref="CodeRefinement"/> on the processor.</summary>
/// <param name="threads">Row blocks worked at once; the result does not depend on it.</param>
public sealed class CpuCodeRefiner(int threads) : ICodeRefiner
{
    /// <inheritdoc/>
    public IRefinementHessian Prepare(HessianAccumulator hessian, double damp)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        var size = hessian.InFeatures;
        var dense = new float[checked(size * size)];
        double trace = 0;
        for (var row = 0; row < size; row++)
        {
            var lower = hessian.Sum(row, row + 1);
            for (var column = 0; column <= row; column++) dense[(row * size) + column] = dense[(column * size) + row] = lower[column];
            trace += lower[row];
        }
        var added = (float)(damp * trace / size);
        for (var row = 0; row < size; row++) dense[(row * size) + row] += added;
        return new DenseHessian(dense, size);
    }

    /// <inheritdoc/>
    public RefinementResult Refine(
        ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation) =>
        hessian is DenseHessian dense
            ? CodeRefinement.Refine(weight, dense.Values, start, options, threads, cancellation)
            : throw new ArgumentException("The Hessian is another refiner's.", nameof(hessian));

    private sealed record DenseHessian(float[] Values, int InFeatures) : IRefinementHessian
    {
        public void Dispose()
        {
        }
    }
}
