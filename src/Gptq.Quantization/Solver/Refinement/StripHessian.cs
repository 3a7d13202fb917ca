using Gptq.Numerics;
using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>
/// The Hessian as refinement reads it. Where it can be, it lies in the same memory as the factor that the solver makes of it: beside the
/// triangle of the factor there is room for the other one.
/// </summary>
internal sealed unsafe class StripHessian : IRefinementHessian
{
    private readonly HessianAccumulator _hessian;
    private readonly double _damp;
    private AlignedBuffer? _copy;

    /// <summary>Announces that the Hessian is wanted: <see cref="CpuLayerSolver.Factor"/> leaves it behind.</summary>
    /// <param name="hessian">Not yet given to a solver. One that is never given to one is copied when it is needed.</param>
    /// <param name="damp">What is added to its diagonal at least, as a fraction of its mean.</param>
    public StripHessian(HessianAccumulator hessian, double damp)
    {
        (_hessian, _damp) = (hessian, damp);
        hessian.Kept = this;
    }

    /// <inheritdoc/>
    public int InFeatures => _hessian.InFeatures;

    /// <summary>The matrix; null when H has no factor.</summary>
    public SymmetricStrips? Matrix { get; private set; }

    /// <summary>The checkpoint's column of each row and column of the matrix.</summary>
    public int[] Order { get; private set; } = [];

    private nint Stride => Strips.Stride(InFeatures);

    /// <summary>Takes the upper triangle, which stays where it is when <see cref="Strips.FromLower"/> is called next.</summary>
    /// <param name="h">Storage of strips: H above the diagonal.</param>
    /// <param name="order">The checkpoint's column of each row and column.</param>
    /// <param name="importance">diag(H) by the checkpoint's columns.</param>
    /// <param name="damp">What the solver added to the diagonal, as a fraction of its mean.</param>
    public void Share(float* h, int[] order, float[] importance, double damp)
    {
        var tiles = SymmetricStrips.TilesOf(h, Stride, InFeatures);
        var added = (float)(Math.Max(damp, _damp) * importance.Average(value => (double)value));
        for (var i = 0; i < order.Length; i++) tiles[(i * TileKernel.Rows) + (i % TileKernel.Rows)] = importance[order[i]] + added;
        (Matrix, Order) = (new SymmetricStrips(h, Stride, tiles), order);
    }

    /// <summary>Takes a copy of H: for factors whose order tears groups apart, or whose memory is needed otherwise.</summary>
    /// <param name="h">Storage of strips: H, both triangles.</param>
    /// <param name="order">The checkpoint's column of each row and column.</param>
    /// <param name="importance">diag(H) by the checkpoint's columns.</param>
    /// <param name="options">Threads and cancellation.</param>
    public void Copy(float* h, int[] order, float[] importance, ParallelOptions options)
    {
        var elements = Strips.PaddedRows(InFeatures) * Stride;
        var copy = new AlignedBuffer(elements);
        Buffer.MemoryCopy(h, copy.Data, elements * sizeof(float), elements * sizeof(float));
        Take(copy, order, importance, options);
    }

    /// <summary>Sees to it that columns of one group follow one another, as far as that is not so yet.</summary>
    /// <param name="linear">The layer that will be refined.</param>
    /// <param name="options">Threads and cancellation.</param>
    public void Arrange(QuantizedLinear linear, ParallelOptions options)
    {
        if (_hessian.IsTaken) return;
        // Nobody has factorised it: its columns are still the checkpoint's.
        int[] order = [.. Enumerable.Range(0, InFeatures).OrderBy(linear.GroupOf)];
        if (Matrix is not null && Order.AsSpan().SequenceEqual(order)) return;
        var copy = new AlignedBuffer(Strips.PaddedRows(InFeatures) * Stride);
        var importance = new float[InFeatures];
        for (var row = 0; row < InFeatures; row++)
        {
            _hessian.Sum(row, row + 1).CopyTo(copy.Slice(row * Stride, row + 1));
            importance[row] = copy.Data[(row * Stride) + row];
        }
        SymmetricMatrix.CopyLowerToUpper(copy.Data, Stride, InFeatures, options);
        SymmetricMatrix.Permute(copy.Data, Stride, order, options);
        Take(copy, order, importance, options);
    }

    /// <summary>Forgets the matrix: its memory is about to go.</summary>
    public void Forget()
    {
        Matrix = null;
        _copy?.Dispose();
        _copy = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Forget();

    private void Take(AlignedBuffer copy, int[] order, float[] importance, ParallelOptions options)
    {
        Forget();
        _copy = copy;
        Share(copy.Data, order, importance, _damp);
        Strips.FromLower(copy.Data, Stride, InFeatures, options);
    }
}
