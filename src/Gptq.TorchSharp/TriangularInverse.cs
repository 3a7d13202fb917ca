using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>The inverse of a lower triangular matrix by halves: inv([A 0; B C]) = [inv(A) 0; −inv(C)·B·inv(A) inv(C)]. Nearly all of it is products.</summary>
internal static class TriangularInverse
{
    private const long Leaf = 128;

    /// <summary>inv(L), [n, n], lower triangular.</summary>
    public static Tensor Of(Tensor lower)
    {
        var inverse = zeros_like(lower);
        using var scope = NewDisposeScope();
        Invert(lower, inverse, 0, lower.shape[0]);
        return inverse;
    }

    private static void Invert(Tensor lower, Tensor inverse, long from, long size)
    {
        if (size <= Leaf)
        {
            using var leaf = NewDisposeScope();
            Block(inverse, from, from, size, size).copy_(linalg.inv(Block(lower, from, from, size, size).contiguous()).tril());
            return;
        }
        var first = size / 2 / Leaf * Leaf;
        if (first == 0) first = size / 2;
        Invert(lower, inverse, from, first);
        Invert(lower, inverse, from + first, size - first);
        using var scope = NewDisposeScope();
        var below = matmul(Block(lower, from + first, from, size - first, first), Block(inverse, from, from, first, first));
        Block(inverse, from + first, from, size - first, first)
            .copy_(matmul(Block(inverse, from + first, from + first, size - first, size - first), below).neg_());
    }

    private static Tensor Block(Tensor matrix, long row, long column, long rows, long columns) => matrix.narrow(0, row, rows).narrow(1, column, columns);
}
