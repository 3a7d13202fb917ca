using Gptq.Numerics;
using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver;

/// <summary>
/// 48 rows of a weight on their way through the solver, transposed, so that a vector holds one column of several rows: rows never meet, and
/// every step is element-wise.
/// </summary>
internal sealed unsafe class RowBlock : IDisposable
{
    /// <summary>Rows of a block: the width of a tile.</summary>
    public const int Rows = TileKernel.Columns;

    private readonly AlignedBuffer _memory;

    /// <summary>Takes the memory that the rows need.</summary>
    /// <param name="positions">Columns.</param>
    /// <param name="groups">Grids of a row.</param>
    /// <param name="lazyColumns">Columns whose codes are kept before they are stored.</param>
    /// <param name="keepsInputs">Whether each column's weight is kept as it was before rounding (GPTAQ).</param>
    public RowBlock(int positions, int groups, int lazyColumns, bool keepsInputs)
    {
        long padded = (positions + TileKernel.Rows - 1) / TileKernel.Rows * TileKernel.Rows * (long)Rows;
        var grids = (long)groups * Rows;
        _memory = new AlignedBuffer((padded * (keepsInputs ? 2 : 1)) + (2 * grids) + (lazyColumns * Rows) + Rows);
        Weights = _memory.Data;
        Scales = Weights + padded;
        Zeros = Scales + grids;
        Codes = Zeros + grids;
        Loss = Codes + (lazyColumns * Rows);
        Unrounded = keepsInputs ? Loss + Rows : null;
    }

    /// <summary>[positions, 48]: weights to come; errors divided by U's diagonal where a column is done.</summary>
    public float* Weights { get; }

    /// <summary>[groups, 48].</summary>
    public float* Scales { get; }

    /// <summary>[groups, 48].</summary>
    public float* Zeros { get; }

    /// <summary>[lazy columns, 48]: codes of the columns at work.</summary>
    public float* Codes { get; }

    /// <summary>[48]: the sum of squared errors of each row.</summary>
    public float* Loss { get; }

    /// <summary>[positions, 48]: the weight of each column before it was rounded (GPTAQ), else null.</summary>
    public float* Unrounded { get; }

    public void Dispose() => _memory.Dispose();
}
