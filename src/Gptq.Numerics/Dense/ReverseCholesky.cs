using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Dense;

/// <summary>
/// The Cholesky factorisation that starts at the last row: H = R·Rᵀ with R upper triangular. inv(R) is then the upper Cholesky factor of
/// inv(H), which is what GPTQ needs (paper, section 3.3, step 3): no inverse of H and no second factorisation.
/// </summary>
/// <remarks>Works in place on the lower triangle, row-major, and leaves Rᵀ there; the strict upper triangle is neither read nor written.</remarks>
internal static unsafe class ReverseCholesky
{
    private const int Block = 192;
    private const int SmallBlock = TileKernel.Columns;

    /// <summary>Factorises.</summary>
    /// <param name="kernel">The tile.</param>
    /// <param name="h">The matrix.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="options">Threads and cancellation.</param>
    /// <returns>False when the matrix is not positive definite to working precision; it is spoilt then.</returns>
    public static bool TryFactor(TileKernel kernel, float* h, nint stride, nint size, ParallelOptions options) =>
        TryFactor(kernel, h, stride, size, Block, options);

    private static bool TryFactor(TileKernel kernel, float* h, nint stride, nint size, int block, ParallelOptions options)
    {
        if (size <= SmallBlock) return TryFactorUnblocked(h, stride, size);
        using var panels = new AlignedBuffer(Panels.Count(size) * Panels.Width * block);
        using var inverse = new AlignedBuffer((nint)block * block);
        using var inversePanels = new AlignedBuffer((nint)Panels.Count(block) * Panels.Width * block);
        var serial = new ParallelOptions { MaxDegreeOfParallelism = 1, CancellationToken = options.CancellationToken };
        for (var j = (size - 1) / block * block; j >= 0; j -= block)
        {
            var depth = Math.Min(block, size - j);
            var rows = h + (j * stride);
            if (!TryFactor(kernel, rows + j, stride, depth, SmallBlock, serial)) return false;
            if (j == 0) return true;

            // R[0:j, J] = H[0:j, J]·inv(R[J, J])ᵀ, as rows of the transpose.
            var small = inverse.Data;
            for (nint row = 0; row < depth; row++)
            {
                new ReadOnlySpan<float>(rows + j + (row * stride), (int)row + 1).CopyTo(new Span<float>(small + (row * block), block));
                new Span<float>(small + (row * block), block)[((int)row + 1)..].Clear();
            }
            TriangularInverse.InvertLower(kernel, small, block, depth, serial);
            for (nint m = 0; m < depth; m += Panels.Width)
                Panels.Pack(small + m, block, depth, depth - m, inversePanels.Data + (m * depth));
            WorkQueue.Run((int)Panels.Count(j), options, item =>
            {
                nint n = (nint)item * Panels.Width;
                var columns = (int)Math.Min(j - n, Panels.Width);
                var panel = panels.Data + (n * depth);
                Panels.Pack(rows + n, stride, depth, columns, panel);
                for (nint m = 0; m < depth; m += TileKernel.Rows)
                {
                    kernel.MultiplyEdge(depth, PanelProduct.Strip(inversePanels.Data, m, depth), Panels.Width, panel, Panels.Width, rows + (m * stride) + n,
                        stride, TileUpdate.Set, (int)Math.Min(depth - m, TileKernel.Rows), columns);
                }
                Panels.Pack(rows + n, stride, depth, columns, panel);
            });

            // H[0:j, 0:j] −= R[0:j, J]·R[0:j, J]ᵀ
            PanelProduct.MultiplyLower(kernel, depth, panels.Data, h, stride, j, TileUpdate.Subtract, options);
        }
        return true;
    }

    private static bool TryFactorUnblocked(float* h, nint stride, nint size)
    {
        for (var j = size - 1; j >= 0; j--)
        {
            var row = h + (j * stride);
            if (!(row[j] > 0) || !float.IsFinite(row[j])) return false;
            row[j] = MathF.Sqrt(row[j]);
            Lanes.Scale(row, 1 / row[j], j);
            for (nint i = 0; i < j; i++) Lanes.SubtractScaled(h + (i * stride), row, row[i], i + 1);
        }
        return true;
    }
}
