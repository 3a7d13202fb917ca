using Gptq.Numerics;
using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver;

/// <summary>
/// GPTAQ's second term. With ΔX what the layers before have changed in the input X, rounding column i leaves w_i·Δx_i to make up for, and the
/// least-squares answer of the columns after it is w_i·P[i, :] with P = triu(ΔX·Xᵀ·Uᵀ, 1)·U (arXiv 2504.02692, section 3).
/// </summary>
internal static unsafe class Asymmetry
{
    /// <summary>P in strips.</summary>
    /// <param name="uTransposed">Uᵀ in the lower triangle; the strict upper one is set to zero.</param>
    /// <param name="cross">ΔX·Xᵀ; overwritten.</param>
    /// <param name="stride">Elements from row to row of all three.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="scale">How much of P is used.</param>
    /// <param name="options">Threads and cancellation.</param>
    public static AlignedBuffer Compute(float* uTransposed, float* cross, nint stride, int size, float scale, ParallelOptions options)
    {
        for (var row = 0; row < size; row++) new Span<float>(uTransposed + (row * stride) + row + 1, size - row - 1).Clear();
        using var product = new AlignedBuffer(Strips.PaddedRows(size) * stride);
        var t = product.Data;
        Gemm.Multiply(TileKernels.Best, size, size, size, cross, stride, uTransposed, stride, false, t, stride, options);
        for (var row = 0; row < size; row++)
        {
            new Span<float>(t + (row * stride), row + 1).Clear();
            Lanes.Scale(t + (row * stride), scale, size);
        }
        var p = new AlignedBuffer(Strips.PaddedRows(size) * stride);
        Gemm.Multiply(TileKernels.Best, size, size, size, uTransposed, stride, t, stride, true, p.Data, stride, options);
        Strips.FromLower(p.Data, stride, size, options);
        return p;
    }
}
