using Gptq.Numerics;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>
/// Lowers the proxy loss tr((Q − W) H (Q − W)ᵀ) of a solved layer further, by coordinate descent: GPTQ decides each code once, from left
/// to right, and never looks back; here each code is decided again with all others known, and each scale is set to the least-squares
/// optimum for its codes. No step raises the loss, and the format stays the same, so nothing changes at run time.
/// </summary>
/// <remarks>
/// With E = Q − W and the gradient G = E H, moving code c of a row by δ changes the loss by 2δ·G_c + δ²·H_cc, least at δ = −G_c / H_cc.
/// Moving a group's scale by δ moves its weights by δ·u, u = codes − zero, with the optimum δ = −(u·G) / (uᵀ H u). Rows do not depend on
/// one another; 48 of them are worked at a time, one in each lane, as the solver does.
/// </remarks>
internal static unsafe class CodeRefinement
{
    /// <summary>Refines a layer.</summary>
    /// <param name="weight">[out, in], the float weights.</param>
    /// <param name="hessian">Damped as it was for the solver.</param>
    /// <param name="start">What the solver found.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="parallel">Threads, on which the result does not depend, and cancellation.</param>
    /// <returns>A layer of the same format, and the loss before and after; it is not larger afterwards.</returns>
    public static RefinementResult Refine(
        ReadOnlyMemory<float> weight, StripHessian hessian, QuantizedLinear start, RefinementOptions options, ParallelOptions parallel)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, start.Codes.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(hessian.InFeatures, start.InFeatures);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Sweeps, nameof(options));
        hessian.Arrange(start, parallel);
        if (hessian.Matrix is not { } matrix) return new RefinementResult(start, 0, 0);

        int[] groups = [.. hessian.Order.Select(start.GroupOf)];
        var spans = ColumnSpan.Divide(groups);
        var widest = spans.Max(span => span.Width);
        var result = new QuantizedLinear(
            start.OutFeatures, start.InFeatures, start.Bits, start.GroupSize, (byte[])start.Codes.Clone(), (float[])start.Scales.Clone(),
            (float[])start.Zeros.Clone(), start.GroupIndex);
        var levels = new CodeLevels(start.Bits);
        var losses = new (double Before, double After)[(start.OutFeatures + RowBlock.Rows - 1) / RowBlock.Rows];
        var pieces = RowPieces.Of(start.OutFeatures, parallel);
        using var pinned = weight.Pin();
        var weights = (float*)pinned.Pointer;
        WorkQueue.Run(pieces.Count, parallel, () => new Workspace(matrix, spans, groups, levels, options, start, widest), (item, workspace) =>
        {
            var (first, count) = pieces[item];
            var rows = workspace.Rows.AsSpan(0, count);
            for (var i = 0; i < count; i++) DescentRowsTransfer.Load(rows[i], (first + i) * RowBlock.Rows, weights, result, hessian.Order, levels);
            workspace.Descent.Run(rows);
            for (var i = 0; i < count; i++)
            {
                DescentRowsTransfer.Store(rows[i], (first + i) * RowBlock.Rows, result, hessian.Order);
                losses[first + i] = (rows[i].LossBefore, rows[i].Loss.Sum());
            }
        });
        return new RefinementResult(result, losses.Sum(loss => loss.Before), losses.Sum(loss => loss.After));
    }

    /// <summary>What a thread keeps from piece to piece.</summary>
    private sealed class Workspace : IDisposable
    {
        public Workspace(
            Numerics.Dense.SymmetricStrips matrix, IReadOnlyList<ColumnSpan> spans, int[] groups, CodeLevels levels, RefinementOptions options,
            QuantizedLinear format, int widest)
        {
            Descent = new CodeDescent(matrix, spans, groups, levels, options);
            Rows = [.. Enumerable.Range(0, RowPieces.BlocksOfAPiece).Select(_ => new DescentRows(format.InFeatures, format.Groups, widest))];
        }

        public CodeDescent Descent { get; }

        public DescentRows[] Rows { get; }

        public void Dispose()
        {
            Descent.Dispose();
            foreach (var block in Rows) block.Dispose();
        }
    }
}
