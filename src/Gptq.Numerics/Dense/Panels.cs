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
        var width = Math.Min(rows, Width);
        for (nint k = 0; k < depth; k++)
        {
            var destination = panel + (k * Width);
            for (nint j = 0; j < width; j++) destination[j] = source[(j * stride) + k];
            for (var j = width; j < Width; j++) destination[j] = 0;
        }
    }
}
