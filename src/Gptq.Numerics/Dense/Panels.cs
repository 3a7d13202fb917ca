using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Dense;

/// <summary>
/// Copies matrices into panels: 48 columns (or rows) side by side, k-major, missing ones zero. A tile reads a panel from front to back; eight
/// neighbours of a panel are a strip of A, so one format serves both operands.
/// </summary>
internal static unsafe class Panels
{
    /// <summary>Elements of a panel's row.</summary>
    public const int Width = TileKernel.Columns;

    /// <summary>How many panels hold so many columns.</summary>
    public static nint Count(nint columns) => (columns + Width - 1) / Width;

    /// <summary>panel[k, j] = source[k, j] for a row-major source.</summary>
    /// <param name="source">The first row of the panel, at the panel's first column.</param>
    /// <param name="stride">Elements from row to row of the source.</param>
    /// <param name="depth">Rows.</param>
    /// <param name="columns">Columns that exist; the rest of the panel becomes zero.</param>
    /// <param name="panel">[depth, 48].</param>
    public static void Pack(float* source, nint stride, nint depth, nint columns, float* panel)
    {
        var width = (int)Math.Min(columns, Width);
        for (nint k = 0; k < depth; k++)
        {
            var row = new Span<float>(panel + (k * Width), Width);
            new ReadOnlySpan<float>(source + (k * stride), width).CopyTo(row);
            row[width..].Clear();
        }
    }

    /// <summary>Packs as <see cref="Pack"/> does, with zeros above the diagonal, whose column in row k of the panel is diagonal + k.</summary>
    public static void PackLower(float* source, nint stride, nint depth, nint diagonal, float* panel)
    {
        for (nint k = 0; k < depth; k++)
        {
            var row = new Span<float>(panel + (k * Width), Width);
            var width = (int)Math.Clamp(diagonal + k + 1, 0, Width);
            new ReadOnlySpan<float>(source + (k * stride), width).CopyTo(row);
            row[width..].Clear();
        }
    }

    /// <summary>panel[k, j] = source[j, k] for a row-major source.</summary>
    /// <param name="source">The panel's first row of the source, at the first k.</param>
    /// <param name="stride">Elements from row to row of the source.</param>
    /// <param name="depth">Columns of the source.</param>
    /// <param name="rows">Rows that exist; the rest of the panel becomes zero.</param>
    /// <param name="panel">[depth, 48].</param>
    public static void PackTransposed(float* source, nint stride, nint depth, nint rows, float* panel)
    {
        // Eight rows at a time: more of them, a power of two apart, would push one another out of the first-level cache.
        for (nint j0 = 0; j0 < Width; j0 += TileKernel.Rows)
        {
            var first = source + (j0 * stride);
            if (j0 + TileKernel.Rows <= rows) PackStrip(first, stride, depth, panel + j0);
            else PackPartOfStrip(first, stride, depth, rows - j0, panel + j0);
        }
    }

    private static void PackStrip(float* source, nint stride, nint depth, float* destination)
    {
        for (nint k = 0; k < depth; k++, source++, destination += Width)
        {
            destination[0] = source[0];
            destination[1] = source[stride];
            destination[2] = source[2 * stride];
            destination[3] = source[3 * stride];
            destination[4] = source[4 * stride];
            destination[5] = source[5 * stride];
            destination[6] = source[6 * stride];
            destination[7] = source[7 * stride];
        }
    }

    private static void PackPartOfStrip(float* source, nint stride, nint depth, nint rows, float* destination)
    {
        for (nint k = 0; k < depth; k++)
            for (nint j = 0; j < TileKernel.Rows; j++)
                destination[(k * Width) + j] = j < rows ? source[(j * stride) + k] : 0;
    }
}
