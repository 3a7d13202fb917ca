using Gptq.Quantization.Solver;
using TorchSharp;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>
/// U, the upper Cholesky factor of inv(H), as on the processor: H in reversed order has the factor L, which read backwards is the R of
/// H = R·Rᵀ, and U = inv(R). The steps where H has no factor are <see cref="RecoveryLadder"/>'s.
/// </summary>
internal static class HessianFactorisation
{
    /// <summary>Factorises.</summary>
    /// <param name="hessian">H with its columns in the order in which they are quantized, dead ones with a diagonal of 1; overwritten.</param>
    /// <param name="damp">The damping asked for, as a fraction of the diagonal's mean.</param>
    /// <param name="warnings">Gets a line for each step that was needed.</param>
    /// <returns>U and the damping used, or null when nothing helped.</returns>
    public static (Tensor U, double Damp)? Run(Tensor hessian, double damp, ICollection<SolverWarning> warnings)
    {
        using var scope = NewDisposeScope();
        var reversed = hessian.flip(0, 1);
        var diagonal = reversed.diagonal(0, 0, 1).clone();
        var mean = diagonal.to(ScalarType.Float64).mean().item<double>();
        var steps = RecoveryLadder.Steps(damp);
        foreach (var used in steps)
        {
            if (used != steps[0]) warnings.Add(RecoveryLadder.Raised(used));
            using var added = (used * mean).ToScalar();
            reversed.diagonal(0, 0, 1).copy_(diagonal.add(added));
            if (TryInvert(reversed) is { } inverse) return (inverse.MoveToOuterDisposeScope(), used);
        }

        warnings.Add(RecoveryLadder.DiagonalRaised);
        reversed.diagonal(0, 0, 1).fill_(Constant.Of(0));
        var sums = reversed.abs().sum(1);
        using var floor = (steps[^1] * Math.Abs(mean)).ToScalar();
        reversed.diagonal(0, 0, 1).copy_(diagonal.maximum(sums).add(floor));
        if (TryInvert(reversed) is { } last) return (last.MoveToOuterDisposeScope(), steps[^1]);

        warnings.Add(RecoveryLadder.NoFactor);
        return null;
    }

    // The factor of a matrix that is not positive definite is not thrown but told: a failure here is an answer.
    private static Tensor? TryInvert(Tensor reversed)
    {
        using var scope = NewDisposeScope();
        var (lower, info) = linalg.cholesky_ex(reversed);
        if (info.to(ScalarType.Int64).item<long>() != 0) return null;
        var inverse = TriangularInverse.Of(lower);
        lower.Dispose();
        if (!inverse.isfinite().all().item<bool>()) return null;
        var u = inverse.flip(0, 1);
        inverse.Dispose();
        return u.MoveToOuterDisposeScope();
    }
}
