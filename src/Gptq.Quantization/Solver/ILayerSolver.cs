namespace Gptq.Quantization.Solver;

/// <summary>The seam between the pipeline and a device: Hessian in, codes out.</summary>
public interface ILayerSolver
{
    /// <summary>Factorises a Hessian once for all layers that share it.</summary>
    /// <param name="hessian">The Hessian; it belongs to the factor afterwards, and its memory may be overwritten.</param>
    /// <param name="options">The damping, the order of the columns and the method count.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GptqException">GPTQ4001: options that do not fit together. GPTQ4004: GPTAQ without the float model's inputs.</exception>
    IHessianFactor Factor(HessianAccumulator hessian, SolverOptions options, CancellationToken cancellation = default);

    /// <summary>Quantizes one layer.</summary>
    /// <param name="factor">Of this solver, made with the same options except for bits, grid and scale storage. Null: round to nearest.</param>
    /// <param name="layer">The layer's name, for messages.</param>
    /// <param name="weight">[outFeatures, inFeatures], row-major; not changed.</param>
    /// <param name="outFeatures">Rows.</param>
    /// <param name="inFeatures">Columns.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GptqException">GPTQ4001: options that do not fit together. GPTQ4003: a weight is not a finite number.</exception>
    SolveResult Solve(
        IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options,
        CancellationToken cancellation = default);
}
