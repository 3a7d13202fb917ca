namespace Gptq.Numerics.Packed;

/// <summary>Rows of a packed matrix as float32: an embedding table that stays packed.</summary>
public static unsafe class PackedGather
{
    /// <summary>Writes the weights of one row.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="row">The row.</param>
    /// <param name="destination">As long as the matrix has columns for its caller.</param>
    /// <exception cref="ArgumentException">The row is not in the matrix, or the destination has the wrong length.</exception>
    public static void Row(in PackedWeights weights, long row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, weights.Layout.OutFeatures);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, weights.InFeatures);
        var source = new TileRow(weights, (int)(row / PackedLayout.TileRows), (int)(row % PackedLayout.TileRows));
        for (var stored = 0; stored < weights.Layout.Columns; stored++)
        {
            var column = weights.Columns is null ? stored : weights.Columns[stored];
            if ((uint)column < (uint)destination.Length)
            {
                destination[column] = source.Weight(stored);
            }
        }
    }
}
