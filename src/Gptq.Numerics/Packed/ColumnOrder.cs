namespace Gptq.Numerics.Packed;

/// <summary>The order in which a packed matrix stores its columns, so that every group starts at a half or whole block.</summary>
/// <param name="Stored">Stored columns, padding included.</param>
/// <param name="GroupSize">Stored columns of a group.</param>
/// <param name="Columns">The column of each stored one, −1 for padding; null when they are the same.</param>
internal sealed record ColumnOrder(int Stored, int GroupSize, int[]? Columns)
{
    /// <summary>Chooses an order.</summary>
    public static ColumnOrder Create(int inFeatures, int groupSize, int groups, ReadOnlySpan<int> groupIndex)
    {
        if (!groupIndex.IsEmpty && groupIndex.Length != inFeatures)
        {
            throw new ArgumentException($"Expected {inFeatures} group indices, got {groupIndex.Length}.", nameof(groupIndex));
        }

        if (InOrder(groupIndex, groupSize) && (groups == 1 || groupSize == 16 || groupSize % PackedLayout.BlockColumns == 0))
        {
            var stored = RoundUp(inFeatures, PackedLayout.BlockColumns);
            return new ColumnOrder(stored, groups == 1 ? stored : groupSize, null);
        }

        var counts = new int[groups];
        for (var column = 0; column < inFeatures; column++)
        {
            var group = GroupOf(groupIndex, groupSize, column);
            if ((uint)group >= (uint)groups)
            {
                throw new ArgumentException($"Group {group} of column {column} is not below {groups}.", nameof(groupIndex));
            }

            counts[group]++;
        }

        var widest = counts.Max();
        var padded = widest <= 16 ? 16 : RoundUp(widest, PackedLayout.BlockColumns);
        var columns = new int[RoundUp(groups * padded, PackedLayout.BlockColumns)];
        Array.Fill(columns, -1);
        var next = new int[groups];
        for (var column = 0; column < inFeatures; column++)
        {
            var group = GroupOf(groupIndex, groupSize, column);
            columns[(group * padded) + next[group]++] = column;
        }

        return new ColumnOrder(columns.Length, padded, columns);
    }

    private static int GroupOf(ReadOnlySpan<int> groupIndex, int groupSize, int column) =>
        groupIndex.IsEmpty ? column / groupSize : groupIndex[column];

    private static bool InOrder(ReadOnlySpan<int> groupIndex, int groupSize)
    {
        for (var column = 0; column < groupIndex.Length; column++)
        {
            if (groupIndex[column] != column / groupSize)
            {
                return false;
            }
        }

        return true;
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
