using Gptq.Quantization;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using TorchSharp;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary><see cref="CodeRefinement"/> on a device: the same descent, all rows together.</summary>
/// <param name="device">Such as <c>torch.CPU</c> or <c>torch.device("cuda:0")</c>.</param>
/// <param name="type">float32 or float64.</param>
public sealed class TorchCodeRefiner(Device device, ScalarType type = ScalarType.Float32) : ICodeRefiner
{
    /// <inheritdoc/>
    /// <exception cref="DeviceOutOfMemoryException">The device has no room for it.</exception>
    public IRefinementHessian Prepare(HessianAccumulator hessian, double damp)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        return DeviceMemory.Run(device.ToString(), () =>
        {
            using var scope = NewDisposeScope();
            var matrix = TorchHessian.Upload(hessian, type, device);
            var diagonal = TorchHessian.Diagonal(hessian);
            using var added = ((float)(damp * diagonal.Average(value => (double)value))).ToScalar();
            matrix.diagonal(0, 0, 1).add_(added);
            return new TorchRefinementHessian(matrix.DetachFromDisposeScope());
        });
    }

    /// <inheritdoc/>
    /// <exception cref="DeviceOutOfMemoryException">The device has no room for so many rows.</exception>
    public RefinementResult Refine(
        ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(options);
        if (hessian is not TorchRefinementHessian torch) throw new ArgumentException("The Hessian is another refiner's.", nameof(hessian));
        return DeviceMemory.Run(device.ToString(), () =>
        {
            using var gradients = no_grad();
            using var scope = NewDisposeScope();
            return new TensorRefinement(weight, torch.Matrix, start, options, type, device).Run(cancellation);
        });
    }

    private sealed class TorchRefinementHessian(Tensor matrix) : IRefinementHessian
    {
        public Tensor Matrix => matrix;

        public int InFeatures => (int)matrix.shape[0];

        public void Dispose() => matrix.Dispose();
    }
}
