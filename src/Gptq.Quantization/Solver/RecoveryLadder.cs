using System.Globalization;
using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver;

/// <summary>
/// Factorises H, whatever it takes: with the damping asked for, then ten times, then a hundred times as much, then with every diagonal
/// element raised to the sum of its row, which makes any finite symmetric matrix positive definite; after that there is only round-to-nearest.
/// </summary>
internal static unsafe class RecoveryLadder
{
    private static readonly double[] LeastDamp = [0, 0.01, 0.1];

    /// <summary>Replaces the lower triangle by inv(R), where H + damping = R·Rᵀ; the strict upper triangle keeps H.</summary>
    /// <param name="h">H, both triangles.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="diagonal">H's diagonal.</param>
    /// <param name="damp">The damping asked for, as a fraction of the diagonal's mean.</param>
    /// <param name="warnings">Gets a line for each step that was needed.</param>
    /// <param name="options">Threads and cancellation.</param>
    /// <returns>The damping used, or null when nothing helped.</returns>
    public static double? Factorise(
        float* h, nint stride, float[] diagonal, double damp, ICollection<SolverWarning> warnings, ParallelOptions options)
    {
        // Double: a sum of many float32 values.
        var mean = diagonal.Average(value => (double)value);
        for (var step = 0; step < LeastDamp.Length; step++)
        {
            var used = Math.Max(damp * Math.Pow(10, step), LeastDamp[step]);
            if (step > 0)
            {
                SymmetricMatrix.CopyUpperToLower(h, stride, diagonal.Length, options);
                warnings.Add(new SolverWarning("GPTQ4011", string.Create(CultureInfo.InvariantCulture,
                    $"The Hessian is not positive definite; the damping is raised to {used} of the mean of its diagonal.")));
            }
            for (var i = 0; i < diagonal.Length; i++) h[(i * stride) + i] = diagonal[i] + (float)(used * mean);
            if (TryInvert(h, stride, diagonal.Length, options)) return used;
        }

        warnings.Add(new SolverWarning("GPTQ4012",
            "The Hessian is not positive definite in spite of the damping; each element of its diagonal is raised to the sum of its row."));
        SymmetricMatrix.CopyUpperToLower(h, stride, diagonal.Length, options);
        var last = LeastDamp.Length - 1;
        var floorDamp = Math.Max(damp * Math.Pow(10, last), LeastDamp[last]);
        for (var i = 0; i < diagonal.Length; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < diagonal.Length; j++) sum += j == i ? 0 : Math.Abs((double)h[(i * stride) + j]);
            h[(i * stride) + i] = (float)(Math.Max(diagonal[i], sum) + (floorDamp * Math.Abs(mean)));
        }
        if (TryInvert(h, stride, diagonal.Length, options)) return floorDamp;

        warnings.Add(new SolverWarning("GPTQ4013", "The Hessian has no factor; the layers that use it are rounded to nearest."));
        return null;
    }

    private static bool TryInvert(float* h, nint stride, int size, ParallelOptions options)
    {
        if (!ReverseCholesky.TryFactor(TileKernels.Best, h, stride, size, options)) return false;
        TriangularInverse.InvertLower(TileKernels.Best, h, stride, size, options);
        for (var row = 0; row < size; row++)
            if (new ReadOnlySpan<float>(h + (row * stride), row + 1).ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) return false;
        return true;
    }
}
