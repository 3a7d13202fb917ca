using Gptq.Numerics;
using Gptq.Numerics.Dense;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>48 rows of a layer while they are refined, transposed as in <see cref="RowBlock"/>: [position, 48].</summary>
internal sealed unsafe class DescentRows : IDisposable
{
    private readonly AlignedBuffer _memory;

    /// <summary>Takes the memory.</summary>
    /// <param name="positions">Columns.</param>
    /// <param name="groups">Grids of a row.</param>
    /// <param name="widest">Columns of the widest span.</param>
    public DescentRows(int positions, int groups, int widest)
    {
        var all = Strips.PaddedRows(positions) * RowBlock.Rows;
        var span = Strips.PaddedRows(widest) * RowBlock.Rows;
        var grids = (long)groups * RowBlock.Rows;
        _memory = new AlignedBuffer((3 * all) + (4 * span) + (2 * grids));
        Errors = _memory.Data;
        Far = Errors + all;
        Codes = Far + all;
        Gradient = Codes + all;
        Near = Gradient + span;
        Moves = Near + span;
        Image = Moves + span;
        Scales = Image + span;
        Zeros = Scales + grids;
    }

    /// <summary>E = Q − W.</summary>
    public float* Errors { get; }

    /// <summary>What the columns on the side that the next pass comes to later add to the gradient.</summary>
    public float* Far { get; }

    /// <summary>The codes.</summary>
    public float* Codes { get; }

    /// <summary>G = E·H for the span at work.</summary>
    public float* Gradient { get; }

    /// <summary>What the columns add to the span's gradient that this pass has been at.</summary>
    public float* Near { get; }

    /// <summary>What the values of the span's codes changed by; or a direction for a scale to move along.</summary>
    public float* Moves { get; }

    /// <summary>A direction times H.</summary>
    public float* Image { get; }

    /// <summary>[groups, 48].</summary>
    public float* Scales { get; }

    /// <summary>[groups, 48].</summary>
    public float* Zeros { get; }

    /// <summary>[48]: e·H·eᵀ of each row behind the last pass.</summary>
    public double[] Loss { get; } = new double[RowBlock.Rows];

    /// <summary>The sum of the losses before the first pass.</summary>
    public double LossBefore { get; set; }

    /// <summary>Whether a code changed in this pass.</summary>
    public bool Changed { get; set; }

    public void Dispose() => _memory.Dispose();
}
