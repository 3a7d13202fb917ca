namespace Gptq.Quantization.Solver;

/// <summary>A layer's rows in blocks of 48, and these in pieces that a thread works on.</summary>
internal static class RowPieces
{
    /// <summary>Blocks of a piece at most: a strip of a matrix serves all of them.</summary>
    public const int BlocksOfAPiece = 4;

    /// <summary>Pieces of four blocks; the last ones alone, so that the threads end together. Results must not depend on it.</summary>
    /// <param name="rows">Rows of the layer.</param>
    /// <param name="options">Threads.</param>
    public static IReadOnlyList<(int FirstBlock, int Count)> Of(int rows, ParallelOptions options)
    {
        var blocks = (rows + RowBlock.Rows - 1) / RowBlock.Rows;
        var threads = options.MaxDegreeOfParallelism < 0 ? Environment.ProcessorCount : options.MaxDegreeOfParallelism;
        var pieces = new List<(int, int)>();
        for (var block = 0; block < blocks;)
        {
            var count = blocks - block > BlocksOfAPiece * threads ? BlocksOfAPiece : 1;
            pieces.Add((block, count));
            block += count;
        }
        return pieces;
    }
}
