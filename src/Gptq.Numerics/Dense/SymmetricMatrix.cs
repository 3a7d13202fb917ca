namespace Gptq.Numerics.Dense;

/// <summary>Moves within a square, row-major matrix.</summary>
internal static unsafe class SymmetricMatrix
{
    private const int Block = 64;

    /// <summary>a[j, i] = a[i, j] for i &gt; j: the upper triangle becomes the mirror image of the lower.</summary>
    public static void CopyLowerToUpper(float* a, nint stride, nint size, ParallelOptions options) => Mirror(a, stride, size, options, toUpper: true);

    /// <summary>a[i, j] = a[j, i] for i &gt; j: the lower triangle becomes the mirror image of the upper.</summary>
    public static void CopyUpperToLower(float* a, nint stride, nint size, ParallelOptions options) => Mirror(a, stride, size, options, toUpper: false);

    /// <summary>a[i, j] = a[order[i], order[j]] in place, for both triangles.</summary>
    public static void Permute(float* a, nint stride, int[] order, ParallelOptions options)
    {
        var size = order.Length;
        var moved = new bool[size];
        var first = new float[size];
        for (var start = 0; start < size; start++)
        {
            if (moved[start]) continue;
            // Follow the cycle: each row takes the place that is free, the first one waits outside.
            new ReadOnlySpan<float>(a + (start * stride), size).CopyTo(first);
            var row = start;
            for (var next = order[row]; next != start; row = next, next = order[row])
            {
                new ReadOnlySpan<float>(a + (next * stride), size).CopyTo(new Span<float>(a + (row * stride), size));
                moved[row] = true;
            }
            first.CopyTo(new Span<float>(a + (row * stride), size));
            moved[row] = true;
        }
        WorkQueue.Run((size + Block - 1) / Block, options, () => new float[size], (item, copy) =>
        {
            for (nint i = item * Block; i < Math.Min((item + 1) * Block, size); i++)
            {
                var row = a + (i * stride);
                new ReadOnlySpan<float>(row, size).CopyTo(copy);
                for (var j = 0; j < size; j++) row[j] = copy[order[j]];
            }
        });
    }

    private static void Mirror(float* a, nint stride, nint size, ParallelOptions options, bool toUpper)
    {
        var blocks = (int)((size + Block - 1) / Block);
        WorkQueue.Run(blocks, options, item =>
        {
            nint i0 = item * Block;
            for (nint j0 = 0; j0 <= i0; j0 += Block)
            {
                for (var i = i0; i < Math.Min(i0 + Block, size); i++)
                {
                    for (var j = j0; j < Math.Min(j0 + Block, i); j++)
                    {
                        if (toUpper) a[(j * stride) + i] = a[(i * stride) + j];
                        else a[(i * stride) + j] = a[(j * stride) + i];
                    }
                }
            }
        });
    }
}
