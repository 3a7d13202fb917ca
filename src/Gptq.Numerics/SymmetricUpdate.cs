using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Numerics;

/// <summary>C += XᵀX for row-major X, the lower triangle only (BLAS: SYRK).</summary>
public static unsafe class SymmetricUpdate
{
    /// <summary>Adds XᵀX to the lower triangle of a square matrix; the strict upper triangle is not touched.</summary>
    /// <param name="x">[rows, columns], row-major: one row for each token.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="columns">Columns of X; rows and columns of C.</param>
    /// <param name="c">The first element of [columns, stride], row-major.</param>
    /// <param name="stride">Elements from row to row of C.</param>
    /// <param name="options">Threads and cancellation; by default all processors.</param>
    /// <remarks>Sums as <see cref="Gemm"/> does: 384 tokens at a time in registers.</remarks>
    public static void AddLower(ReadOnlySpan<float> x, int rows, int columns, float* c, long stride, ParallelOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(x.Length, (long)rows * columns, nameof(x));
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, columns);
        if (rows == 0 || columns == 0) return;
        fixed (float* pinned = x) AddLower(TileKernels.Best, pinned, rows, columns, c, (nint)stride, options ?? new ParallelOptions());
    }

    internal static void AddLower(TileKernel kernel, float* x, nint rows, nint columns, float* c, nint stride, ParallelOptions options)
    {
        var step = Math.Min(rows, TileKernel.Depth);
        using var panels = new AlignedBuffer(Panels.Count(columns) * Panels.Width * step);
        for (nint k0 = 0; k0 < rows; k0 += step)
        {
            var (k, depth) = (k0, Math.Min(step, rows - k0));
            WorkQueue.Run((int)Panels.Count(columns), options, item =>
            {
                nint n = (nint)item * Panels.Width;
                Panels.Pack(x + (k * columns) + n, columns, depth, columns - n, panels.Data + (n * depth));
            });
            PanelProduct.MultiplyLower(kernel, depth, panels.Data, c, stride, columns, TileUpdate.Add, options);
        }
    }
}
