using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Dense;

/// <summary>Products of packed panels, in blocks that fit a second-level cache; every element is computed by one thread, in one order.</summary>
internal static unsafe class PanelProduct
{
    private const int BlockRows = 4 * Panels.Width;
    private const int BlockColumns = 4 * Panels.Width;

    /// <summary>C = ± AᵀB (+ C) with both operands in panels of the same depth.</summary>
    /// <param name="kernel">The tile.</param>
    /// <param name="depth">Terms of the sum, at most <see cref="TileKernel.Depth"/> for the caches' sake.</param>
    /// <param name="a">Panels of A, [rows / 48][depth, 48].</param>
    /// <param name="b">Panels of B, [columns / 48][depth, 48].</param>
    /// <param name="c">Row-major.</param>
    /// <param name="stride">Elements from row to row of C.</param>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="update">What becomes of C.</param>
    /// <param name="options">Threads and cancellation.</param>
    public static void Multiply(
        TileKernel kernel, nint depth, float* a, float* b, float* c, nint stride, nint rows, nint columns, TileUpdate update, ParallelOptions options)
    {
        var across = Blocks(columns, BlockColumns);
        WorkQueue.Run(Blocks(rows, BlockRows) * across, options, item =>
        {
            nint m0 = item / across * BlockRows, n0 = item % across * BlockColumns;
            for (var n = n0; n < Math.Min(n0 + BlockColumns, columns); n += Panels.Width)
            {
                for (var m = m0; m < Math.Min(m0 + BlockRows, rows); m += TileKernel.Rows)
                {
                    kernel.MultiplyEdge(depth, Strip(a, m, depth), Panels.Width, b + (n * depth), Panels.Width, c + (m * stride) + n, stride, update,
                        (int)Math.Min(rows - m, TileKernel.Rows), (int)Math.Min(columns - n, Panels.Width));
                }
            }
        });
    }

    /// <summary>The part of C = ± AᵀA (+ C) on and below the diagonal; the rest of C is not touched.</summary>
    public static void MultiplyLower(
        TileKernel kernel, nint depth, float* a, float* c, nint stride, nint size, TileUpdate update, ParallelOptions options)
    {
        // Block rows from the bottom up: the long ones first, so that the threads end together.
        var blocks = new List<(nint Row, nint Column)>();
        for (nint m = (Blocks(size, BlockRows) - 1) * BlockRows; m >= 0; m -= BlockRows)
            for (nint n = 0; n < Math.Min(m + BlockRows, size); n += BlockColumns)
                blocks.Add((m, n));
        WorkQueue.Run(blocks.Count, options, item =>
        {
            var (m0, n0) = blocks[item];
            var m1 = Math.Min(m0 + BlockRows, size);
            for (var n = n0; n < Math.Min(n0 + BlockColumns, m1); n += Panels.Width)
            {
                // The first strip that reaches this panel's columns.
                for (var m = Math.Max(m0, n / TileKernel.Rows * TileKernel.Rows); m < m1; m += TileKernel.Rows)
                {
                    kernel.MultiplyLower(depth, Strip(a, m, depth), Panels.Width, a + (n * depth), Panels.Width, c + (m * stride) + n, stride, update,
                        m - n, (int)Math.Min(size - m, TileKernel.Rows));
                }
            }
        });
    }

    /// <summary>The strip of eight that starts at row m of a packed operand.</summary>
    public static float* Strip(float* a, nint m, nint depth) => a + (m / Panels.Width * Panels.Width * depth) + (m % Panels.Width);

    private static int Blocks(nint length, int block) => (int)((length + block - 1) / block);
}
