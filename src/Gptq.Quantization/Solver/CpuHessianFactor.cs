using Gptq.Numerics;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Solver;

/// <summary>U, the upper Cholesky factor of inv(H), with the columns in the order in which they are quantized.</summary>
internal sealed class CpuHessianFactor : IHessianFactor
{
    private readonly AlignedBuffer? _u;
    private readonly AlignedBuffer? _p;

    /// <summary>Takes the matrices over.</summary>
    /// <param name="order">The checkpoint's column of each row and column of U.</param>
    /// <param name="diagonal">diag(H) by the checkpoint's columns, 1 for dead ones.</param>
    /// <param name="importance">diag(H) by the checkpoint's columns, 0 for dead ones.</param>
    /// <param name="u">U in strips; null when there is none.</param>
    /// <param name="p">GPTAQ's P in strips; null without.</param>
    public CpuHessianFactor(int[] order, float[] diagonal, float[] importance, AlignedBuffer? u, AlignedBuffer? p)
    {
        (Order, Diagonal, Importance, _u, _p) = (order, diagonal, importance, u, p);
        Dead = [.. importance.Select(value => value == 0)];
        DeadColumns = Dead.Count(dead => dead);
    }

    public int InFeatures => Order.Length;

    public double Damp { get; init; }

    public bool IsRoundToNearest => _u is null;

    public IReadOnlyList<SolverWarning> Warnings { get; init; } = [];

    public long Tokens { get; init; }

    public long Samples { get; init; }

    public int[] Order { get; }

    public float[] Diagonal { get; }

    public float[] Importance { get; }

    public bool[] Dead { get; }

    public int DeadColumns { get; }

    /// <summary>What reads the Hessian beside U, if anything does.</summary>
    public StripHessian? Kept { get; init; }

    public unsafe float* U => _u is null ? null : _u.Data;

    public unsafe float* P => _p is null ? null : _p.Data;

    public void Dispose()
    {
        Kept?.Forget();
        _u?.Dispose();
        _p?.Dispose();
    }
}
