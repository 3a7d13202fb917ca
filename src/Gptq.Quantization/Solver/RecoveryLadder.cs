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
    private static readonly double[] s_leastDamp = [0, 0.01, 0.1];

    /// <summary>The damping of each step, as a fraction of the diagonal's mean.</summary>
    /// <param name="damp">What was asked for.</param>
    public static double[] Steps(double damp) => [.. s_leastDamp.Select((least, step) => Math.Max(damp * Math.Pow(10, step), least))];

    /// <summary>Says that there are fewer tokens than features.</summary>
    public static SolverWarning Thin(long tokens, int size) => new("GPTQ4010", string.Create(CultureInfo.InvariantCulture,
        $"The Hessian has {tokens} tokens for {size} input features, so only the damping makes it invertible; calibrate with at least {size} tokens."));

    /// <summary>Says that the damping was raised.</summary>
    public static SolverWarning Raised(double damp) => new("GPTQ4011", string.Create(CultureInfo.InvariantCulture,
        $"The Hessian is not positive definite; the damping is raised to {damp} of the mean of its diagonal."));

    /// <summary>Says that the diagonal was raised.</summary>
    public static SolverWarning DiagonalRaised { get; } = new("GPTQ4012",
        "The Hessian is not positive definite in spite of the damping; each element of its diagonal is raised to the sum of its row.");

    /// <summary>Says that nothing helped.</summary>
    public static SolverWarning NoFactor { get; } = new("GPTQ4013", "The Hessian has no factor; the layers that use it are rounded to nearest.");

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
        var steps = Steps(damp);
        foreach (var used in steps)
        {
            if (used != steps[0])
            {
                SymmetricMatrix.CopyUpperToLower(h, stride, diagonal.Length, options);
                warnings.Add(Raised(used));
            }
            for (var i = 0; i < diagonal.Length; i++) h[(i * stride) + i] = diagonal[i] + (float)(used * mean);
            if (TryInvert(h, stride, diagonal.Length, options)) return used;
        }

        warnings.Add(DiagonalRaised);
        SymmetricMatrix.CopyUpperToLower(h, stride, diagonal.Length, options);
        for (var i = 0; i < diagonal.Length; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < diagonal.Length; j++) sum += j == i ? 0 : Math.Abs((double)h[(i * stride) + j]);
            h[(i * stride) + i] = (float)(Math.Max(diagonal[i], sum) + (steps[^1] * Math.Abs(mean)));
        }
        if (TryInvert(h, stride, diagonal.Length, options)) return steps[^1];

        warnings.Add(NoFactor);
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
