namespace Gptq.Quantization.Solver.Refinement;

/// <summary>What refinement made of a layer.</summary>
/// <param name="Linear">Of the same format as before.</param>
/// <param name="LossBefore">tr((Q − W) H (Q − W)ᵀ) before.</param>
/// <param name="LossAfter">The same afterwards.</param>
public sealed record RefinementResult(QuantizedLinear Linear, double LossBefore, double LossAfter)
{
    /// <summary>What is left of the loss; 1 where there was none.</summary>
    public double Remaining => LossBefore > 0 ? LossAfter / LossBefore : 1;
}
