using System.Runtime.CompilerServices;
using Gptq.Numerics.Packed.Kernels;

namespace Gptq.Numerics.Packed;

/// <summary>
/// A product y = x Wᵀ + bias with packed weights, cut into pieces that any number of threads may compute in any order: every output is
/// computed in one piece, in one order, so that the result has the same bits whatever runs it.
/// </summary>
/// <remarks>
/// Prepare once per product, then run every piece. One row of activations and many give the same bits per row.
/// </remarks>
public readonly unsafe struct PackedMatMul
{
    /// <summary>Rows of activations that go through a tile's codes before the next tile: their prepared form fits the second-level cache.</summary>
    private const int RowsPerPass = 64;

    private readonly PackedWeights _weights;
    private readonly ActivationLayout _activations;
    private readonly TileKernel _kernel;

    /// <summary>Plans a product.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="precision">How activations are seen.</param>
    public PackedMatMul(in PackedWeights weights, ActivationPrecision precision)
        : this(weights, precision, TileKernel.Best)
    {
    }

    internal PackedMatMul(in PackedWeights weights, ActivationPrecision precision, TileKernel kernel)
    {
        _weights = weights;
        _activations = new ActivationLayout(weights.Layout, precision);
        _kernel = kernel;
    }

    /// <summary>The instruction set that products run on here.</summary>
    public static string KernelName => TileKernel.Best.Name;

    /// <summary>Bytes of scratch memory that <see cref="Prepare"/> fills, for a number of rows.</summary>
    public long ScratchBytes(int rows) => ((long)rows * _activations.RowBytes) + OrderedBytes;

    /// <summary>Pieces of the product: a function of the matrix alone.</summary>
    public int Pieces => (_weights.Layout.Tiles + TilesPerPiece - 1) / TilesPerPiece;

    private int TilesPerPiece => Math.Max(1, _weights.Layout.Tiles / 32);

    private long OrderedBytes => (long)_weights.Layout.Columns * sizeof(float);

    /// <summary>Prepares rows of activations.</summary>
    /// <param name="x">[rows, inFeatures].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/> bytes, best aligned to 64.</param>
    public void Prepare(float* x, int rows, byte* scratch)
    {
        var ordered = (float*)(scratch + ((nint)rows * _activations.RowBytes));
        for (var row = 0; row < rows; row++)
        {
            ActivationPacker.Pack(
                _activations,
                x + ((nint)row * _weights.InFeatures),
                _weights.InFeatures,
                _weights.Columns,
                ordered,
                scratch + ((nint)row * _activations.RowBytes));
        }
    }

    /// <summary>Computes one piece.</summary>
    /// <param name="piece">Which, below <see cref="Pieces"/>.</param>
    /// <param name="rows">Rows, as prepared.</param>
    /// <param name="scratch">As prepared.</param>
    /// <param name="bias">[outFeatures], or null.</param>
    /// <param name="y">[rows, outFeatures].</param>
    [SkipLocalsInit]
    public void Run(int piece, int rows, byte* scratch, float* bias, float* y)
    {
        var result = stackalloc float[TileKernel.RowsTogether * PackedLayout.TileRows];
        var first = piece * TilesPerPiece;
        var end = Math.Min(first + TilesPerPiece, _weights.Layout.Tiles);
        for (var pass = 0; pass < rows; pass += RowsPerPass)
        {
            var passEnd = Math.Min(pass + RowsPerPass, rows);
            for (var tile = first; tile < end; tile++)
            {
                for (var row = pass; row < passEnd;)
                {
                    var together = passEnd - row >= TileKernel.RowsTogether ? TileKernel.RowsTogether : 1;
                    _kernel.Multiply(_weights, tile, _activations, scratch + ((nint)row * _activations.RowBytes), together, result);
                    Write(result, tile, row, together, bias, y);
                    row += together;
                }
            }
        }
    }

    private void Write(float* result, int tile, int row, int rows, float* bias, float* y)
    {
        var outFeatures = _weights.Layout.OutFeatures;
        var first = tile * PackedLayout.TileRows;
        var count = Math.Min(PackedLayout.TileRows, outFeatures - first);
        for (var i = 0; i < rows; i++)
        {
            var destination = y + (((nint)row + i) * outFeatures) + first;
            for (var r = 0; r < count; r++)
            {
                destination[r] = result[(i * PackedLayout.TileRows) + r] + (bias is null ? 0 : bias[first + r]);
            }
        }
    }
}
