using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Numerics;

/// <summary>Dense float32 matrix products.</summary>
/// <remarks>
/// Sums are fused multiply-adds over at most 384 products in registers, which are then added to the destination: the same bits for any number
/// of threads and on every processor.
/// </remarks>
public static unsafe class Gemm
{
    /// <summary>C = A·B, or C = A·Bᵀ.</summary>
    /// <param name="rows">Rows of C and of A.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="depth">Columns of A.</param>
    /// <param name="a">[rows, depth], row-major.</param>
    /// <param name="b">[depth, columns], row-major; transposed: [columns, depth], as the weight of a linear layer is stored.</param>
    /// <param name="transposeB">Whether b holds Bᵀ.</param>
    /// <param name="c">[rows, columns], row-major; overwritten.</param>
    /// <param name="options">Threads and cancellation; by default all processors.</param>
    /// <exception cref="ArgumentException">A span is shorter than its matrix.</exception>
    public static void Multiply(
        int rows, int columns, int depth, ReadOnlySpan<float> a, ReadOnlySpan<float> b, bool transposeB, Span<float> c, ParallelOptions? options = null)
    {
        Require(a.Length, rows, depth, nameof(a));
        Require(b.Length, depth, columns, nameof(b));
        Require(c.Length, rows, columns, nameof(c));
        if (rows == 0 || columns == 0) return;
        if (depth == 0)
        {
            c[..(rows * columns)].Clear();
            return;
        }
        fixed (float* aPinned = a, bPinned = b, cPinned = c)
            Multiply(TileKernels.Best, rows, columns, depth, aPinned, depth, bPinned, transposeB ? depth : columns, transposeB, cPinned, columns, options ?? new ParallelOptions());
    }

    /// <summary>C += XᵀY for row-major X and Y.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows, columns].</param>
    /// <param name="rows">Rows of X and Y.</param>
    /// <param name="columns">Columns of X and Y; rows and columns of C.</param>
    /// <param name="c">The first element of [columns, stride], row-major.</param>
    /// <param name="stride">Elements from row to row of C.</param>
    /// <param name="options">Threads and cancellation; by default all processors.</param>
    public static void AddTransposedProduct(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, int rows, int columns, float* c, long stride, ParallelOptions? options = null)
    {
        Require(x.Length, rows, columns, nameof(x));
        Require(y.Length, rows, columns, nameof(y));
        if (rows == 0 || columns == 0) return;
        options ??= new ParallelOptions();
        var step = Math.Min(rows, TileKernel.Depth);
        using var xPanels = new AlignedBuffer(Panels.Count(columns) * Panels.Width * step);
        using var yPanels = new AlignedBuffer(Panels.Count(columns) * Panels.Width * step);
        fixed (float* xPinned = x, yPinned = y)
        {
            var (xStart, yStart) = ((nint)xPinned, (nint)yPinned);
            for (var k0 = 0; k0 < rows; k0 += step)
            {
                nint k = k0, depth = Math.Min(step, rows - k0);
                WorkQueue.Run((int)Panels.Count(columns), options, item =>
                {
                    nint n = (nint)item * Panels.Width;
                    Panels.Pack((float*)xStart + (k * columns) + n, columns, depth, columns - n, xPanels.Data + (n * depth));
                    Panels.Pack((float*)yStart + (k * columns) + n, columns, depth, columns - n, yPanels.Data + (n * depth));
                });
                PanelProduct.Multiply(TileKernels.Best, depth, xPanels.Data, yPanels.Data, c, (nint)stride, columns, columns, TileUpdate.Add, options);
            }
        }
    }

    /// <summary>C = A·B, or C = A·Bᵀ, with rows that are a stride apart.</summary>
    internal static void Multiply(
        TileKernel kernel, nint rows, nint columns, nint depth, float* a, nint aStride, float* b, nint bStride, bool transposeB, float* c, nint cStride,
        ParallelOptions options)
    {
        var step = Math.Min(depth, TileKernel.Depth);
        using var aPanels = new AlignedBuffer(Panels.Count(rows) * Panels.Width * step);
        using var bPanels = new AlignedBuffer(Panels.Count(columns) * Panels.Width * step);
        for (nint k0 = 0; k0 < depth; k0 += step)
        {
            var (k, terms) = (k0, Math.Min(step, depth - k0));
            WorkQueue.Run((int)Panels.Count(rows), options, item =>
            {
                nint m = (nint)item * Panels.Width;
                Panels.PackTransposed(a + (m * aStride) + k, aStride, terms, rows - m, aPanels.Data + (m * terms));
            });
            WorkQueue.Run((int)Panels.Count(columns), options, item =>
            {
                nint n = (nint)item * Panels.Width;
                var panel = bPanels.Data + (n * terms);
                if (transposeB) Panels.PackTransposed(b + (n * bStride) + k, bStride, terms, columns - n, panel);
                else Panels.Pack(b + (k * bStride) + n, bStride, terms, columns - n, panel);
            });
            PanelProduct.Multiply(kernel, terms, aPanels.Data, bPanels.Data, c, cStride, rows, columns, k == 0 ? TileUpdate.Set : TileUpdate.Add, options);
        }
    }

    private static void Require(int length, int rows, int columns, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows, name);
        ArgumentOutOfRangeException.ThrowIfNegative(columns, name);
        if (length < (long)rows * columns) throw new ArgumentException($"Expected at least {rows} x {columns} values, got {length}.", name);
    }
}
