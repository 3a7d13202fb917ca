using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Dense;

/// <summary>The inverse M of a lower triangular matrix L, in place: from the top, M[J, 0:J] = −inv(L[J, J])·(L[J, 0:J]·M[0:J, 0:J]).</summary>
/// <remarks>Row-major; the strict upper triangle is neither read nor written.</remarks>
internal static unsafe class TriangularInverse
{
    private const int Block = 192;
    private const int SmallBlock = TileKernel.Columns;

    /// <summary>Inverts. The diagonal must not hold zeros.</summary>
    /// <param name="kernel">The tile.</param>
    /// <param name="l">The matrix.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="options">Threads and cancellation.</param>
    public static void InvertLower(TileKernel kernel, float* l, nint stride, nint size, ParallelOptions options) =>
        InvertLower(kernel, l, stride, size, size > Block ? Block : SmallBlock, options);

    private static void InvertLower(TileKernel kernel, float* l, nint stride, nint size, int block, ParallelOptions options)
    {
        if (size <= SmallBlock)
        {
            InvertUnblocked(l, stride, size);
            return;
        }
        using var left = new AlignedBuffer(Panels.Count(block) * Panels.Width * size);
        using var diagonal = new AlignedBuffer((nint)Panels.Count(block) * Panels.Width * block);
        var serial = new ParallelOptions { MaxDegreeOfParallelism = 1, CancellationToken = options.CancellationToken };
        for (nint j = 0; j < size; j += block)
        {
            var height = Math.Min(block, size - j);
            var rows = l + (j * stride);
            InvertLower(kernel, rows + j, stride, height, SmallBlock, serial);
            if (j == 0) continue;

            for (nint m = 0; m < height; m += Panels.Width)
            {
                Panels.PackTransposed(rows + (m * stride), stride, j, height - m, left.Data + (m * j));
                PackNegatedDiagonal(rows + j, stride, height, m, diagonal.Data + (m * height));
            }
            WorkQueue.Run((int)Panels.Count(j), options, item => MultiplyColumns(
                kernel, l, stride, j, height, (nint)item * Panels.Width, left.Data, diagonal.Data));
        }
    }

    /// <summary>One panel of columns of M[J, 0:J].</summary>
    private static void MultiplyColumns(TileKernel kernel, float* l, nint stride, nint j, nint height, nint n, float* left, float* diagonal)
    {
        var panel = stackalloc float[TileKernel.Depth * Panels.Width];
        var product = stackalloc float[Block * Panels.Width];
        new Span<float>(product, Block * Panels.Width).Clear();
        for (var k = n; k < j; k += TileKernel.Depth)
        {
            var depth = Math.Min(TileKernel.Depth, j - k);
            Panels.PackLower(l + (k * stride) + n, stride, depth, k - n, panel);
            for (nint m = 0; m < height; m += TileKernel.Rows)
            {
                kernel.Multiply(depth, PanelProduct.Strip(left, m, j) + (k * Panels.Width), Panels.Width, panel, Panels.Width, product + (m * Panels.Width),
                    Panels.Width, TileUpdate.Add);
            }
        }
        for (nint m = 0; m < height; m += TileKernel.Rows)
        {
            kernel.MultiplyEdge(height, PanelProduct.Strip(diagonal, m, height), Panels.Width, product, Panels.Width, l + ((j + m) * stride) + n, stride,
                TileUpdate.Set, (int)Math.Min(height - m, TileKernel.Rows), (int)Math.Min(j - n, Panels.Width));
        }
    }

    /// <summary>panel[k, i] = −M[m + i, k] for the inverted diagonal block, whose upper triangle counts as zero.</summary>
    private static void PackNegatedDiagonal(float* block, nint stride, nint height, nint m, float* panel)
    {
        new Span<float>(panel, (int)(height * Panels.Width)).Clear();
        for (var i = m; i < Math.Min(m + Panels.Width, height); i++)
            for (nint k = 0; k <= i; k++)
                panel[(k * Panels.Width) + i - m] = -block[(i * stride) + k];
    }

    private static void InvertUnblocked(float* l, nint stride, nint size)
    {
        var sum = stackalloc float[SmallBlock];
        for (nint j = 0; j < size; j++)
        {
            var row = l + (j * stride);
            new Span<float>(sum, (int)j).Clear();
            for (nint k = 0; k < j; k++) Lanes.SubtractScaled(sum, l + (k * stride), row[k], k + 1);
            row[j] = 1 / row[j];
            for (nint k = 0; k < j; k++) row[k] = sum[k] * row[j];
        }
    }
}
