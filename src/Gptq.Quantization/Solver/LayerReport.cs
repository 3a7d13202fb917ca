namespace Gptq.Quantization.Solver;

/// <summary>How the quantization of one layer went.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Method">The method that was used; RTN where the Hessian had no factor.</param>
/// <param name="Tokens">Tokens that the Hessian was summed over; 0 without one.</param>
/// <param name="Samples">Samples that the Hessian was summed over.</param>
/// <param name="DeadColumns">Input features that were zero in every token; their weights become zero.</param>
/// <param name="Damp">The damping that was used, as a fraction of the mean of diag(H).</param>
/// <param name="Loss">
/// Σ (w − q)² / U[i, i]² / samples: the reference's loss, and half the trace of (W − Q)·H·(W − Q)ᵀ with the damped H. Null without a factor.
/// </param>
/// <param name="LossVersusRtn">
/// The loss divided by that of round-to-nearest, on at most 48 rows spread evenly over the layer; null without a factor, or when rounding loses nothing.
/// </param>
/// <param name="Warnings">What was out of the ordinary.</param>
public sealed record LayerReport(
    string Layer, SolverMethod Method, long Tokens, long Samples, int DeadColumns, double Damp, double? Loss, double? LossVersusRtn,
    IReadOnlyList<SolverWarning> Warnings)
{
    /// <summary>What refinement left of the solver's loss, from 0 to 1; null without refinement.</summary>
    public double? Refined { get; init; }

    /// <summary>
    /// The error of the layer's outputs on the calibration tokens, as a share of them: the root of tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ) with the damped H; null
    /// where it was not measured.
    /// </summary>
    public double? RelativeError { get; init; }
}
