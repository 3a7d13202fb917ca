using System.Runtime.CompilerServices;
using Gptq.Numerics.Packed.Kernels;

namespace Gptq.Numerics.Packed;

/// <summary>
/// A product y = x Wᵀ + bias with packed weights, cut into pieces that any number of threads may compute in any order: every output is
/// computed in one piece, in one order, so that the result has the same bits whatever runs it.
/// </summary>
/// <remarks>
/// Prepare every piece of the activations, then run every piece of the product. One row of activations and many give the same bits per row.
/// </remarks>
public readonly unsafe struct PackedMatMul
{
    /// <summary>Rows of activations that go through a tile's codes before the next tile: their prepared form fits the second-level cache.</summary>
    private const int RowsPerPass = TileKernel.MostRows;

    /// <summary>Rows that one thread prepares at a time.</summary>
    private const int RowsPerPrepare = 16;

    /// <summary>From so many rows on, taking codes apart into panels pays.</summary>
    private const int FewestRowsForPanels = 8;

    private readonly PackedWeights _weights;
    private readonly ActivationLayout _activations;
    private readonly ActivationLayout _activationsForPanels;
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
        _activationsForPanels = new ActivationLayout(weights.Layout, precision, forPanels: true);
        _kernel = kernel;
    }

    /// <summary>The instruction set that products run on here.</summary>
    public static string KernelName => TileKernel.Best.Name;

    /// <summary>Bytes of scratch memory that <see cref="Prepare"/> fills, for a number of rows.</summary>
    public long ScratchBytes(int rows) => ((long)rows * _activations.RowBytes) + (PreparePieces(rows) * OrderedBytes);

    /// <summary>Pieces in which so many rows of activations are prepared.</summary>
    public static int PreparePieces(int rows) => (rows + RowsPerPrepare - 1) / RowsPerPrepare;

    /// <summary>Pieces of the product: a function of the matrix alone.</summary>
    public int Pieces => (_weights.Layout.Tiles + TilesPerPiece - 1) / TilesPerPiece;

    private int TilesPerPiece => Math.Max(1, _weights.Layout.Tiles / 32);

    private long OrderedBytes => _weights.Columns is null && _weights.Layout.Columns == _weights.InFeatures ? 0 : (long)_weights.Layout.Columns * sizeof(float);

    /// <summary>Prepares a piece of the rows of activations.</summary>
    /// <param name="piece">Which, below <see cref="PreparePieces"/>.</param>
    /// <param name="x">[rows, inFeatures].</param>
    /// <param name="rows">All rows.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/> bytes, best aligned to 64.</param>
    public void Prepare(int piece, float* x, int rows, byte* scratch)
    {
        var layout = UsesPanels(rows) ? _activationsForPanels : _activations;
        var ordered = (float*)(scratch + ((nint)rows * layout.RowBytes) + (piece * (nint)OrderedBytes));
        for (var row = piece * RowsPerPrepare; row < Math.Min((piece + 1) * RowsPerPrepare, rows); row++)
        {
            ActivationPacker.Pack(
                layout,
                x + ((nint)row * _weights.InFeatures),
                _weights.InFeatures,
                _weights.Columns,
                ordered,
                scratch + ((nint)row * layout.RowBytes));
        }
    }

    /// <summary>Computes one piece.</summary>
    /// <param name="piece">Which, below <see cref="Pieces"/>.</param>
    /// <param name="rows">Rows, as prepared.</param>
    /// <param name="scratch">As prepared.</param>
    /// <param name="bias">[outFeatures], or null.</param>
    /// <param name="y">[rows, outFeatures].</param>
    public void Run(int piece, int rows, byte* scratch, float* bias, float* y)
    {
        if (UsesPanels(rows)) RunPanels(piece, rows, scratch, bias, y);
        else RunTiles(piece, rows, scratch, bias, y);
    }

    private bool UsesPanels(int rows) => rows >= FewestRowsForPanels && _kernel.HasPanels;

    [SkipLocalsInit]
    private void RunPanels(int piece, int rows, byte* scratch, float* bias, float* y)
    {
        var result = stackalloc float[RowsPerPass * TileKernel.PairRows];
        var first = piece * TilesPerPiece;
        var end = Math.Min(first + TilesPerPiece, _weights.Layout.Tiles);
        for (var row = 0; row < rows; row += RowsPerPass)
        {
            var together = Math.Min(RowsPerPass, rows - row);
            for (var tile = first; tile < end; tile += 2)
            {
                var tiles = Math.Min(2, end - tile);
                _kernel.MultiplyMany(
                    _weights, tile, tiles, _activationsForPanels, scratch + ((nint)row * _activationsForPanels.RowBytes), together, result);
                for (var i = 0; i < tiles; i++)
                {
                    Write(result + (i * PackedLayout.TileRows), TileKernel.PairRows, tile + i, row, together, bias, y);
                }
            }
        }
    }

    [SkipLocalsInit]
    private void RunTiles(int piece, int rows, byte* scratch, float* bias, float* y)
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
                    Write(result, PackedLayout.TileRows, tile, row, together, bias, y);
                    row += together;
                }
            }
        }
    }

    private void Write(float* result, int stride, int tile, int row, int rows, float* bias, float* y)
    {
        var outFeatures = _weights.Layout.OutFeatures;
        var first = tile * PackedLayout.TileRows;
        var count = Math.Min(PackedLayout.TileRows, outFeatures - first);
        for (var i = 0; i < rows; i++)
        {
            var destination = y + (((nint)row + i) * outFeatures) + first;
            for (var r = 0; r < count; r++)
            {
                destination[r] = result[(i * stride) + r] + (bias is null ? 0 : bias[first + r]);
            }
        }
    }
}
