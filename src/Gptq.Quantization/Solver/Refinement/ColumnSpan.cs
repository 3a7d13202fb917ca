using Gptq.Numerics.Tiles;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>Columns that refinement works on at a time: whole groups, at least as many columns as the solver's own blocks have.</summary>
/// <param name="From">The first position.</param>
/// <param name="To">The position after the last.</param>
/// <param name="Groups">The groups, in order: their numbers, first positions, and the positions after their last.</param>
internal sealed record ColumnSpan(int From, int To, IReadOnlyList<(int Number, int From, int To)> Groups)
{
    public int Width => To - From;

    /// <summary>Divides the columns of a layer.</summary>
    /// <param name="groups">The group of each position.</param>
    /// <exception cref="ArgumentException">The positions of a group do not follow one another.</exception>
    public static IReadOnlyList<ColumnSpan> Divide(int[] groups)
    {
        var spans = new List<ColumnSpan>();
        var seen = new HashSet<int>();
        var within = new List<(int, int, int)>();
        int from = 0, groupFrom = 0;
        for (var position = 1; position <= groups.Length; position++)
        {
            if (position < groups.Length && groups[position] == groups[position - 1]) continue;
            if (!seen.Add(groups[position - 1])) throw new ArgumentException("The Hessian's order of columns tears the layer's groups apart.", nameof(groups));
            within.Add((groups[position - 1], groupFrom, position));
            groupFrom = position;
            // Products start where strips do, so a span must too.
            var wide = position - from >= BlockSolver.LazyColumns && position % TileKernel.Rows == 0;
            if (!wide && position < groups.Length) continue;
            spans.Add(new ColumnSpan(from, position, [.. within]));
            within.Clear();
            from = position;
        }
        return spans;
    }
}
