namespace Gptq.Quantization.Solver;

/// <summary>What every solver checks before it solves a layer.</summary>
internal static class SolveArguments
{
    /// <summary>Checks the arguments of <see cref="ILayerSolver.Solve"/>.</summary>
    /// <typeparam name="TFactor">The solver's own factors.</typeparam>
    /// <returns>The factor as the solver's own; null where none is given.</returns>
    /// <exception cref="ArgumentException">The weight has another size, or the factor is for another one or another solver's.</exception>
    public static TFactor? Check<TFactor>(
        IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options)
        where TFactor : class, IHessianFactor
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (weight.Length != (long)outFeatures * inFeatures)
            throw new ArgumentException($"Expected {outFeatures} x {inFeatures} values, got {weight.Length}.", nameof(weight));
        return factor switch
        {
            null => null,
            TFactor own when own.InFeatures == inFeatures => own,
            TFactor own => throw new ArgumentException($"The factor is for {own.InFeatures} columns.", nameof(factor)),
            _ => throw new ArgumentException("The factor is another solver's.", nameof(factor)),
        };
    }
}
