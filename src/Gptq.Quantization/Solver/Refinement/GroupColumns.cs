namespace Gptq.Quantization.Solver.Refinement;

/// <summary>The columns of each group, ascending.</summary>
internal sealed class GroupColumns
{
    // As wide as the solver's own blocks.
    private const int BlockColumns = 128;

    private readonly int[][] _columns;
    private readonly int[][][] _blocks;

    public GroupColumns(QuantizedLinear linear)
    {
        _columns = [.. Enumerable.Range(0, linear.InFeatures).GroupBy(linear.GroupOf).OrderBy(group => group.Key).Select(group => group.ToArray())];
        _blocks = [.. _columns.Select(columns => columns.Chunk(BlockColumns).ToArray())];
    }

    public int Count => _columns.Length;

    public int[] this[int group] => _columns[group];

    /// <summary>A group's columns in blocks whose changes are felt at once.</summary>
    public int[][] Blocks(int group) => _blocks[group];
}
