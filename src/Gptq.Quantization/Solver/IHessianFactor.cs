namespace Gptq.Quantization.Solver;

/// <summary>A factorised Hessian: what all layers that read the same input (q, k and v; gate and up) are solved with.</summary>
public interface IHessianFactor : IDisposable
{
    /// <summary>Columns of the layers.</summary>
    int InFeatures { get; }

    /// <summary>The damping that was used, as a fraction of the mean of diag(H).</summary>
    double Damp { get; }

    /// <summary>Whether there is no factor, so that layers are rounded to nearest.</summary>
    bool IsRoundToNearest { get; }

    /// <summary>What was out of the ordinary: a thin Hessian, steps of the recovery.</summary>
    IReadOnlyList<SolverWarning> Warnings { get; }
}
