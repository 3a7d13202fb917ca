using System.Diagnostics;
using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Dense;

/// <summary>
/// A symmetric matrix of which the part right of the tiles on the diagonal lies in <see cref="Strips"/>, beside a triangular factor, and the
/// tiles themselves apart. So the matrix and its factor take the memory of one.
/// </summary>
/// <param name="strips">The strips; they are read only, and must outlive this.</param>
/// <param name="stride">Elements from row to row of their storage.</param>
/// <param name="tiles">Tiles of 8 × 8, both triangles (<see cref="TilesOf"/>).</param>
internal sealed unsafe class SymmetricStrips(float* strips, nint stride, float[] tiles)
{
    /// <summary>Columns whose part of the matrix is turned round at once where only its mirror image is stored.</summary>
    private const int ColumnsAtOnce = 128;

    private const int TileElements = TileKernel.Rows * TileKernel.Rows;

    /// <summary>Elements of the scratch memory that a product needs.</summary>
    public const int PanelElements = ColumnsAtOnce * TileKernel.Depth;

    /// <summary>The tiles on the diagonal, made whole from their upper triangles.</summary>
    /// <param name="m">Row-major, the upper triangle and the diagonal; storage as <see cref="Strips"/> wants it.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="size">Rows and columns.</param>
    public static float[] TilesOf(float* m, nint stride, int size)
    {
        var tiles = new float[Strips.PaddedRows(size) * TileKernel.Rows];
        for (var i = 0; i < size; i++)
        {
            var first = i / TileKernel.Rows * TileKernel.Rows;
            for (var j = i; j < Math.Min(first + TileKernel.Rows, size); j++)
                tiles[(i * TileKernel.Rows) + j - first] = tiles[(j * TileKernel.Rows) + i - first] = m[(i * stride) + j];
        }
        return tiles;
    }

    /// <summary>The tile on the diagonal in which a column is, [8, 8].</summary>
    public ReadOnlySpan<float> Tile(nint column) => tiles.AsSpan((int)(column / TileKernel.Rows) * TileElements, TileElements);

    /// <summary>C = H[k, columns]ᵀ·X[k, :] (+ C) for several X and C of 48 columns.</summary>
    /// <param name="columns">The first column of H and the one after the last; the first is a multiple of eight, and so is the last unless it is the matrix's end.</param>
    /// <param name="terms">The first k and the one after the last, of the same kind.</param>
    /// <param name="x">The addresses of X's row 0; [k, 48].</param>
    /// <param name="c">The addresses of the row of C that belongs to the first column; [column, 48], rows up to a multiple of eight.</param>
    /// <param name="update">Whether C is replaced or added to.</param>
    /// <param name="panel"><see cref="PanelElements"/> of scratch memory.</param>
    public void Multiply((nint From, nint To) columns, (nint From, nint To) terms, ReadOnlySpan<nint> x, ReadOnlySpan<nint> c, TileUpdate update, float* panel)
    {
        if (terms.From >= terms.To)
        {
            if (update == TileUpdate.Set)
                foreach (var destination in c) new Span<float>((float*)destination, checked((int)(Strips.PaddedRows(columns.To - columns.From) * TileKernel.Columns))).Clear();
            return;
        }
        Debug.Assert(columns.From % TileKernel.Rows == 0 && terms.From % TileKernel.Rows == 0, "Products start where strips start.");
        for (var first = columns.From; first < columns.To; first += ColumnsAtOnce)
        {
            var last = Math.Min(first + ColumnsAtOnce, columns.To);
            for (var k = terms.From; k < terms.To; k += TileKernel.Depth)
            {
                var depth = Math.Min(TileKernel.Depth, terms.To - k);
                var stored = k >= Strips.PaddedRows(last);
                if (!stored) Pack(first, last, k, depth, panel);
                for (var m = first; m < last; m += TileKernel.Rows)
                {
                    var a = stored ? strips + (m * stride) + (k * TileKernel.Rows) : panel + ((m - first) * TileKernel.Depth);
                    for (var i = 0; i < x.Length; i++)
                    {
                        TileKernels.Best.Multiply(
                            depth, a, TileKernel.Rows, (float*)x[i] + (k * TileKernel.Columns), TileKernel.Columns,
                            (float*)c[i] + ((m - columns.From) * TileKernel.Columns), TileKernel.Columns, k == terms.From ? update : TileUpdate.Add);
                    }
                }
            }
        }
    }

    // Strips of H[k, columns], k-major, from wherever each tile is. Rows of storage are read from end to end.
    private void Pack(nint first, nint last, nint from, nint depth, float* panel)
    {
        for (var k = from; k < from + depth; k += TileKernel.Rows)
        {
            for (var m = first; m < last; m += TileKernel.Rows)
            {
                var destination = panel + ((m - first) * TileKernel.Depth) + ((k - from) * TileKernel.Rows);
                if (k < m) TileTranspose.Run(strips + (k * stride) + (m * TileKernel.Rows), destination);
                else if (k == m) Tile(m).CopyTo(new Span<float>(destination, TileElements));
                else new ReadOnlySpan<float>(strips + (m * stride) + (k * TileKernel.Rows), TileElements).CopyTo(new Span<float>(destination, TileElements));
            }
        }
    }
}
