namespace Gptq.Quantization.Solver;

/// <summary>In which order columns are quantized, and which group each belongs to.</summary>
internal sealed class ColumnPlan
{
    private ColumnPlan(int[] columns, int[] groups, int groupSize, int groupCount, bool contiguous)
    {
        (Columns, Groups, GroupSize, GroupCount, IsContiguous) = (columns, groups, groupSize, groupCount, contiguous);
        var members = new List<int>[groupCount];
        for (var group = 0; group < groupCount; group++) members[group] = [];
        for (var position = 0; position < columns.Length; position++) members[groups[position]].Add(position);
        Members = [.. members.Select(positions => positions.ToArray())];
        IsIdentity = columns.Select((column, position) => column == position).All(same => same);
    }

    /// <summary>The checkpoint's column of each position: position 0 is quantized first.</summary>
    public int[] Columns { get; }

    /// <summary>The group of each position.</summary>
    public int[] Groups { get; }

    /// <summary>The positions of each group, in order.</summary>
    public int[][] Members { get; }

    public int GroupSize { get; }

    public int GroupCount { get; }

    /// <summary>Whether the positions of each group follow one another.</summary>
    public bool IsContiguous { get; }

    /// <summary>Whether columns are quantized as they stand in the checkpoint.</summary>
    public bool IsIdentity { get; }

    /// <summary>Orders the columns.</summary>
    /// <param name="inFeatures">How many there are.</param>
    /// <param name="diagonal">diag(H), dead columns as 1; null keeps the checkpoint's order.</param>
    /// <param name="options">The act-order and the group size.</param>
    public static ColumnPlan Create(int inFeatures, float[]? diagonal, SolverOptions options)
    {
        var size = options.ColumnsPerGroup(inFeatures);
        var count = (inFeatures + size - 1) / size;
        var columns = Enumerable.Range(0, inFeatures);
        if (diagonal is not null)
        {
            columns = options.ActOrder switch
            {
                // OrderBy is stable: equal columns stay in their order.
                ActOrder.Static or ActOrder.Dynamic => columns.OrderByDescending(column => diagonal[column]),
                ActOrder.GroupAware => columns.Chunk(size).OrderByDescending(group => group.Max(column => diagonal[column]))
                    .SelectMany(group => group.OrderByDescending(column => diagonal[column])),
                _ => columns,
            };
        }
        var order = columns.ToArray();
        var dynamic = options.ActOrder == ActOrder.Dynamic;
        return new ColumnPlan(
            order, [.. order.Select((column, position) => (dynamic ? position : column) / size)], size, count,
            contiguous: count == 1 || options.ActOrder != ActOrder.Static);
    }

    /// <summary>g_idx: the group of each of the checkpoint's columns, or null when it is column / group size.</summary>
    public int[]? GroupIndex()
    {
        var index = new int[Columns.Length];
        for (var position = 0; position < index.Length; position++) index[Columns[position]] = Groups[position];
        return index.Select((group, column) => group == column / GroupSize).All(plain => plain) ? null : index;
    }
}
