namespace Gptq.Quantization.Solver.Refinement;

/// <summary>The columns of each group, ascending.</summary>
internal sealed class GroupColumns
{
    private readonly int[][] _columns;

    public GroupColumns(QuantizedLinear linear)
    {
        _columns = [.. Enumerable.Range(0, linear.InFeatures).GroupBy(linear.GroupOf).OrderBy(group => group.Key).Select(group => group.ToArray())];
    }

    public int Count => _columns.Length;

    public ReadOnlySpan<int> this[int group] => _columns[group];
}
