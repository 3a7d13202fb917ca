namespace Gptq.Quantization.Solver.Refinement;

/// <summary>
/// Lowers the proxy loss tr((Q − W) H (Q − W)ᵀ) of a solved layer further, by coordinate descent: GPTQ decides each code once, from left
/// to right, and never looks back; here each code is decided again with all others known, and each scale is set to the least-squares
/// optimum for its codes. No step raises the loss, and the format stays the same, so nothing changes at run time.
/// </summary>
/// <remarks>
/// With E = Q − W and the gradient G = E H, moving code c of a row by δ changes the loss by 2δ·G_c + δ²·H_cc, least at δ = −G_c / H_cc.
/// Moving a group's scale by δ moves its weights by δ·u, u = codes − zero, with the optimum δ = −(u·G) / (uᵀ H u). Rows do not depend on
/// one another; a block of rows is worked at a time, so that a row of H is read once for all of them.
/// </remarks>
public static class CodeRefinement
{
    private const int RowBlock = 128;

    /// <summary>Refines a layer.</summary>
    /// <param name="weight">[out, in], the float weights.</param>
    /// <param name="hessian">[in, in], symmetric, damped as it was for the solver.</param>
    /// <param name="start">What the solver found.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="threads">Row blocks worked at once; the result does not depend on it.</param>
    /// <param name="cancellation">Stops between row blocks.</param>
    /// <returns>A layer of the same format, and the loss before and after; it is not larger afterwards.</returns>
    public static RefinementResult Refine(
        ReadOnlyMemory<float> weight, ReadOnlyMemory<float> hessian, QuantizedLinear start, RefinementOptions options, int threads, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, start.Codes.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(hessian.Length, start.InFeatures * start.InFeatures);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Sweeps, nameof(options));

        var columns = new GroupColumns(start);
        var codes = (byte[])start.Codes.Clone();
        var scales = (float[])start.Scales.Clone();
        var zeros = (float[])start.Zeros.Clone();
        var losses = new (double Before, double After)[(start.OutFeatures + RowBlock - 1) / RowBlock];
        Parallel.For(0, losses.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, block =>
        {
            var first = block * RowBlock;
            var rows = Math.Min(RowBlock, start.OutFeatures - first);
            var work = new RowBlockRefiner(
                start,
                columns,
                hessian.Span,
                weight.Span.Slice(first * start.InFeatures, rows * start.InFeatures),
                codes.AsSpan(first * start.InFeatures, rows * start.InFeatures),
                scales.AsSpan(first * start.Groups, rows * start.Groups),
                zeros.AsSpan(first * start.Groups, rows * start.Groups),
                options);
            losses[block] = work.Run();
        });
        return new RefinementResult(
            new QuantizedLinear(start.OutFeatures, start.InFeatures, start.Bits, start.GroupSize, codes, scales, zeros, start.GroupIndex),
            losses.Sum(loss => loss.Before),
            losses.Sum(loss => loss.After));
    }
}
