namespace Gptq.Quantization.Solver.Refinement;

/// <summary>A damped Hessian where a refiner works with it: in memory, or on a device.</summary>
public interface IRefinementHessian : IDisposable
{
    /// <summary>Columns of the layers.</summary>
    int InFeatures { get; }
}
