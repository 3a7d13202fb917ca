using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Dense;

/// <summary>
/// A triangle of a matrix as strips of eight columns, k-major, as a tile reads its operand A: strip s starts at 8·s·stride and holds U[k, 8s + j]
/// at 8k + j. Made in place from the rows of Uᵀ, so that the factor never needs a second matrix; where the triangle ends, the strip goes on
/// with what stood beside it in the same rows.
/// </summary>
internal static unsafe class Strips
{
    /// <summary>Rows of storage, a multiple of a strip.</summary>
    public static nint PaddedRows(nint size) => (size + TileKernel.Rows - 1) / TileKernel.Rows * TileKernel.Rows;

    /// <summary>
    /// Elements from row to row of storage that can hold strips: whole cache lines, and an odd number of them, lest rows compete for the same
    /// lines of a cache.
    /// </summary>
    public static nint Stride(nint size) => (((size + 15) / 16) | 1) * 16;

    /// <summary>
    /// Turns the lower triangle (Uᵀ, row-major) into strips. Right of the tiles on the diagonal stays what was there: M[8s + j, k] is found at
    /// 8k + j of strip s for k of at least 8s + 8. Within these tiles, what was above the diagonal is lost.
    /// </summary>
    /// <param name="m">Storage of <see cref="PaddedRows"/> × <paramref name="stride"/>.</param>
    /// <param name="stride">At least <see cref="PaddedRows"/>.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="options">Threads and cancellation.</param>
    public static void FromLower(float* m, nint stride, nint size, ParallelOptions options)
    {
        WorkQueue.Run((int)(PaddedRows(size) / TileKernel.Rows), options, () => new AlignedBuffer(TileKernel.Rows * stride), (item, copy) =>
        {
            nint first = (nint)item * TileKernel.Rows, after = first + TileKernel.Rows;
            var strip = m + (first * stride);
            var rows = copy.Data;
            new ReadOnlySpan<float>(strip, checked((int)(TileKernel.Rows * stride))).CopyTo(new Span<float>(rows, (int)(TileKernel.Rows * stride)));
            for (nint k = 0; k < after; k++)
                for (nint j = 0; j < TileKernel.Rows; j++)
                    strip[(k * TileKernel.Rows) + j] = k <= first + j && first + j < size ? rows[(j * stride) + k] : 0;
            for (nint k = after; k < size; k++)
                for (nint j = 0; j < TileKernel.Rows; j++)
                    strip[(k * TileKernel.Rows) + j] = rows[(j * stride) + k];
        });
    }
}
