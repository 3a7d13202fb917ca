namespace Gptq.Quantization.Solver;

/// <summary>A factor in a device's memory, which keeps the Hessian it was made from, so that the processor can start over where the device is too small.</summary>
public interface IDeviceHessianFactor : IHessianFactor
{
    /// <summary>Frees the device's memory and gives the Hessian back; the factor is of no use afterwards.</summary>
    HessianAccumulator ReleaseHessian();
}
