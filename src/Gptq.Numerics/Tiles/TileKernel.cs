namespace Gptq.Numerics.Tiles;

/// <summary>
/// The one inner product of this library: an 8 × 48 tile of C from k-major panels of A and B. Hessian, factor, inverse and solver all
/// spend their time here.
/// </summary>
/// <remarks>
/// Every implementation computes an element in the same way: fused multiply-adds in the order of k, from 0, and one addition or subtraction
/// at the end. There is no sum across lanes, so all of them give the same bits.
/// </remarks>
internal abstract unsafe class TileKernel
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 8;

    /// <summary>Columns of a tile: three vectors of AVX-512, six of AVX2, twelve of AdvSimd.</summary>
    public const int Columns = 48;

    /// <summary>
    /// Products that are summed up in registers before they meet the destination. It is the same everywhere, since it is part of the result.
    /// A panel of B of this depth (72 KiB) streams from the second-level cache, past a strip of A (12 KiB) in the first; less depth would mean
    /// more trips of C to memory, which cost more.
    /// </summary>
    public const int Depth = 384;

    /// <summary>Whether this processor has the instructions.</summary>
    public abstract bool IsSupported { get; }

    /// <summary>C[m, n] = ± Σ A[k, m]·B[k, n] (+ C[m, n]) for m &lt; 8, n &lt; 48.</summary>
    /// <param name="depth">Terms of the sum.</param>
    /// <param name="a">Eight values for each k.</param>
    /// <param name="aStride">Elements from one k to the next in A.</param>
    /// <param name="b">48 values for each k.</param>
    /// <param name="bStride">Elements from one k to the next in B.</param>
    /// <param name="c">The tile.</param>
    /// <param name="cStride">Elements from one row of C to the next.</param>
    /// <param name="update">What becomes of C.</param>
    public abstract void Multiply(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update);

    /// <summary>Multiplies as <see cref="Multiply"/> does, into the first rows and columns of a tile only.</summary>
    public void MultiplyEdge(
        nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update, int rows, int columns)
    {
        if (rows >= Rows && columns >= Columns)
        {
            Multiply(depth, a, aStride, b, bStride, c, cStride, update);
            return;
        }
        var tile = stackalloc float[Rows * Columns];
        Multiply(depth, a, aStride, b, bStride, tile, Columns, TileUpdate.Set);
        for (var row = 0; row < Math.Min(rows, Rows); row++)
            Merge(tile + (row * Columns), c + (row * cStride), Math.Min(columns, Columns), update);
    }

    /// <summary>
    /// Multiplies as <see cref="Multiply"/> does, into the part on or below C's diagonal only, which passes through column diagonal + m of the
    /// tile's row m.
    /// </summary>
    public void MultiplyLower(
        nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update, long diagonal, int rows)
    {
        if (rows >= Rows && diagonal >= Columns - 1)
        {
            Multiply(depth, a, aStride, b, bStride, c, cStride, update);
            return;
        }
        var tile = stackalloc float[Rows * Columns];
        Multiply(depth, a, aStride, b, bStride, tile, Columns, TileUpdate.Set);
        for (var row = 0; row < Math.Min(rows, Rows); row++)
            Merge(tile + (row * Columns), c + (row * cStride), (int)Math.Clamp(diagonal + row + 1, 0, Columns), update);
    }

    private static void Merge(float* product, float* c, int columns, TileUpdate update)
    {
        for (var column = 0; column < columns; column++)
        {
            c[column] = update switch
            {
                TileUpdate.Add => c[column] + product[column],
                TileUpdate.Subtract => c[column] - product[column],
                _ => product[column],
            };
        }
    }
}
