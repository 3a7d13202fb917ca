using Gptq.Quantization.Solver;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>U on a device, with the columns in the order in which they are quantized; and the Hessian in memory, should the device prove too small.</summary>
internal sealed class TorchHessianFactor : IDeviceHessianFactor
{
    private HessianAccumulator? _hessian;

    /// <summary>Takes everything over.</summary>
    /// <param name="hessian">What was factorised.</param>
    /// <param name="order">The checkpoint's column of each row and column of U.</param>
    /// <param name="importance">diag(H) by the checkpoint's columns, 0 for dead ones.</param>
    /// <param name="u">U; null when there is none.</param>
    /// <param name="p">GPTAQ's P; null without.</param>
    public TorchHessianFactor(HessianAccumulator hessian, int[] order, float[] importance, Tensor? u, Tensor? p)
    {
        _hessian = hessian;
        (Order, Importance, U, P) = (order, importance, u, p);
        (Tokens, Samples) = (hessian.Tokens, hessian.Samples);
        Diagonal = [.. importance.Select(value => value == 0 ? 1 : value)];
        Dead = [.. Enumerable.Range(0, importance.Length).Where(column => importance[column] == 0)];
        UDiagonal = u?.diagonal(0, 0, 1).contiguous().DetachFromDisposeScope();
        U?.DetachFromDisposeScope();
        P?.DetachFromDisposeScope();
    }

    public int InFeatures => Order.Length;

    public required double Damp { get; init; }

    public required IReadOnlyList<SolverWarning> Warnings { get; init; }

    public bool IsRoundToNearest => U is null;

    public long Tokens { get; }

    public long Samples { get; }

    public int[] Order { get; }

    public float[] Importance { get; }

    /// <summary>diag(H) by the checkpoint's columns, 1 for dead ones.</summary>
    public float[] Diagonal { get; }

    /// <summary>The checkpoint's columns that were zero in every token.</summary>
    public int[] Dead { get; }

    /// <summary>[in, in], upper triangular.</summary>
    public Tensor? U { get; private set; }

    /// <summary>[in].</summary>
    public Tensor? UDiagonal { get; private set; }

    /// <summary>[in, in], strictly upper triangular.</summary>
    public Tensor? P { get; private set; }

    public HessianAccumulator ReleaseHessian()
    {
        var hessian = _hessian ?? throw new ObjectDisposedException(nameof(TorchHessianFactor));
        _hessian = null;
        Dispose();
        return hessian;
    }

    public void Dispose()
    {
        U?.Dispose();
        UDiagonal?.Dispose();
        P?.Dispose();
        (U, UDiagonal, P) = (null, null, null);
        _hessian?.Dispose();
        _hessian = null;
    }
}
