using Gptq.Quantization;
using Gptq.Quantization.Solver;
using TorchSharp;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>The solver on TorchSharp: on a CUDA device, or on the processor, for comparison. Reductions have libtorch's order, so codes may differ from the processor's in ties.</summary>
public sealed class TorchLayerSolver : ILayerSolver
{
    private readonly Device _device;
    private readonly ScalarType _type;

    /// <summary>Creates a solver.</summary>
    /// <param name="device">Such as <c>torch.CPU</c> or <c>torch.device("cuda:0")</c>.</param>
    /// <param name="type">float32, or float64, which leaves no rounding of its own.</param>
    public TorchLayerSolver(Device device, ScalarType type = ScalarType.Float32)
    {
        if (type is not (ScalarType.Float32 or ScalarType.Float64)) throw new ArgumentOutOfRangeException(nameof(type), type, "Use float32 or float64.");
        (_device, _type) = (device, type);
    }

    /// <inheritdoc/>
    /// <remarks>The Hessian stays in memory until the factor is disposed.</remarks>
    /// <exception cref="DeviceOutOfMemoryException">The device is too small for it; the Hessian is as it was.</exception>
    public IHessianFactor Factor(HessianAccumulator hessian, SolverOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(hessian);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        options.RequireInputs(hessian);
        cancellation.ThrowIfCancellationRequested();
        return DeviceMemory.Run(_device.ToString(), () => FactorOnDevice(hessian, options));
    }

    /// <inheritdoc/>
    /// <exception cref="DeviceOutOfMemoryException">The device is too small for so many rows; the factor is as it was.</exception>
    public SolveResult Solve(
        IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options,
        CancellationToken cancellation = default)
    {
        var own = SolveArguments.Check<TorchHessianFactor>(factor, layer, weight, outFeatures, inFeatures, options);
        InvalidWeight.Refuse(layer, weight, inFeatures);
        cancellation.ThrowIfCancellationRequested();
        var values = weight.ToArray();
        return DeviceMemory.Run(_device.ToString(), () =>
        {
            using var gradients = no_grad();
            return new TorchLayerSolve(own, outFeatures, inFeatures, options, _type, _device).Run(layer, values, cancellation);
        });
    }

    private TorchHessianFactor FactorOnDevice(HessianAccumulator hessian, SolverOptions options)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var size = hessian.InFeatures;
        var importance = TorchHessian.Diagonal(hessian);
        float[] diagonal = [.. importance.Select(value => value == 0 ? 1 : value)];
        var plan = ColumnPlan.Create(size, diagonal, options);
        var warnings = new List<SolverWarning>();
        if (hessian.Tokens < size) warnings.Add(RecoveryLadder.Thin(hessian.Tokens, size));

        var order = plan.IsIdentity ? null : HostTensors.Index(plan.Columns, _device);
        var h = TorchHessian.Upload(hessian, _type, _device);
        h.diagonal(0, 0, 1).copy_(HostTensors.Vector(diagonal, _type, _device));
        var solved = HessianFactorisation.Run(Permuted(h, order), options.Damp, warnings);
        var p = solved is { } found && options.Method == SolverMethod.Gptaq
            ? Asymmetry(found.U, Permuted(TorchHessian.UploadCross(hessian, _type, _device), order), (float)options.AsymmetryScale)
            : null;
        return new TorchHessianFactor(hessian, plan.Columns, importance, solved?.U, p) { Damp = solved?.Damp ?? 0, Warnings = warnings };
    }

    private static Tensor Permuted(Tensor matrix, Tensor? order) => order is null ? matrix : matrix.index_select(0, order).index_select(1, order);

    /// <summary>GPTAQ's P = triu(ΔX·Xᵀ·Uᵀ, 1)·U (arXiv 2504.02692, section 3).</summary>
    private static Tensor Asymmetry(Tensor u, Tensor cross, float scale)
    {
        using var factor = scale.ToScalar();
        return matmul(matmul(cross, u.transpose(0, 1)).triu(1).mul_(factor), u);
    }
}
