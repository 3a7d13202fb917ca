namespace Gptq.Numerics.Packed;

/// <summary>Puts codes into the packed layout.</summary>
public static class WeightPacker
{
    /// <summary>Packs a matrix of codes.</summary>
    /// <param name="format">The code's width.</param>
    /// <param name="outFeatures">Rows.</param>
    /// <param name="inFeatures">Columns.</param>
    /// <param name="groupSize">Columns that share a scale; the last group may be short.</param>
    /// <param name="codes">[out, in], one code a byte. Ternary: 0 negative level, 1 zero, 2 positive level.</param>
    /// <param name="scales">[out, groups]; ternary: the positive levels. Stored as float16.</param>
    /// <param name="zeros">[out, groups], whole numbers in the code's range; ternary: the negative levels, stored as float16.</param>
    /// <param name="groupIndex">[in], the group of each column, or empty when it is column / <paramref name="groupSize"/>.</param>
    /// <remarks>
    /// Columns keep their order where every group is 16 columns or a multiple of 32. Otherwise (other sizes, or a group index that is
    /// not in order) they are sorted by group and each group is padded, and the matrix carries the order.
    /// </remarks>
    /// <exception cref="ArgumentException">A span has the wrong length, a code, zero point or group is out of range, or a scale is no finite float16.</exception>
    public static PackedMatrix Pack(
        PackedFormat format,
        int outFeatures,
        int inFeatures,
        int groupSize,
        ReadOnlySpan<byte> codes,
        ReadOnlySpan<float> scales,
        ReadOnlySpan<float> zeros,
        ReadOnlySpan<int> groupIndex = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groupSize);
        var groups = (int)(((long)inFeatures + groupSize - 1) / groupSize);
        RequireLength(codes.Length, (long)outFeatures * inFeatures, nameof(codes));
        RequireLength(scales.Length, (long)outFeatures * groups, nameof(scales));
        RequireLength(zeros.Length, (long)outFeatures * groups, nameof(zeros));
        var order = ColumnOrder.Create(inFeatures, Math.Min(groupSize, inFeatures), groups, groupIndex);
        var layout = new PackedLayout(format, outFeatures, order.Stored, order.GroupSize);

        return new PackedMatrix(
            layout,
            inFeatures,
            PackCodes(layout, codes, inFeatures, order.Columns),
            PackScales(layout, scales, zeros, groups),
            format == PackedFormat.Ternary ? null : PackZeros(layout, zeros, groups),
            order.Columns);
    }

    private static byte[] PackCodes(PackedLayout layout, ReadOnlySpan<byte> codes, int inFeatures, int[]? columns)
    {
        var levels = layout.Format == PackedFormat.Ternary ? 3 : 1 << layout.StoredBits;
        if (codes.IndexOfAnyExceptInRange((byte)0, (byte)(levels - 1)) is var wrong and >= 0)
        {
            throw new ArgumentException(
                $"Code {codes[wrong]} of row {wrong / inFeatures}, column {wrong % inFeatures} is not below {levels}.", nameof(codes));
        }

        var packed = new byte[layout.CodeBytes];
        var stored = new byte[layout.Columns];
        for (var row = 0; row < layout.Tiles * PackedLayout.TileRows; row++)
        {
            var source = row < layout.OutFeatures ? codes.Slice(row * inFeatures, inFeatures) : [];
            Order(source, columns, PaddingCode(layout.Format), stored);
            var tile = packed.AsSpan(row / PackedLayout.TileRows * layout.TileBytes, layout.TileBytes);
            for (var block = 0; block < layout.Blocks; block++)
            {
                CodeBits.WriteRow(
                    layout.Format,
                    tile.Slice(block * layout.BlockBytes, layout.BlockBytes),
                    row % PackedLayout.TileRows,
                    stored.AsSpan(block * PackedLayout.BlockColumns));
            }
        }

        return packed;
    }

    /// <summary>The code that has no bits.</summary>
    private static byte PaddingCode(PackedFormat format) => (byte)(format == PackedFormat.Ternary ? 1 : 0);

    private static void Order(ReadOnlySpan<byte> source, int[]? columns, byte padding, Span<byte> stored)
    {
        if (columns is null || source.IsEmpty)
        {
            source.CopyTo(stored);
            stored[source.Length..].Fill(padding);
            return;
        }

        for (var i = 0; i < stored.Length; i++)
        {
            stored[i] = columns[i] < 0 ? padding : source[columns[i]];
        }
    }

    private static Half[] PackScales(PackedLayout layout, ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros, int groups)
    {
        var packed = new Half[layout.ScaleCount];
        for (var row = 0; row < layout.OutFeatures; row++)
        {
            for (var group = 0; group < groups; group++)
            {
                var index = ((((row / PackedLayout.TileRows) * layout.Groups) + group) * layout.Levels * PackedLayout.TileRows)
                    + (row % PackedLayout.TileRows);
                packed[index] = ToHalf(scales[(row * groups) + group], row, group);
                if (layout.Levels == 2)
                {
                    packed[index + PackedLayout.TileRows] = ToHalf(zeros[(row * groups) + group], row, group);
                }
            }
        }

        return packed;
    }

    private static byte[]? PackZeros(PackedLayout layout, ReadOnlySpan<float> zeros, int groups)
    {
        if (!zeros.ContainsAnyExcept(layout.DefaultZero))
        {
            return null;
        }

        var packed = new byte[layout.ZeroBytes];
        for (var row = 0; row < layout.OutFeatures; row++)
        {
            for (var group = 0; group < groups; group++)
            {
                var zero = zeros[(row * groups) + group];
                if (!float.IsInteger(zero) || zero < 0 || zero >= 1 << layout.StoredBits)
                {
                    throw new ArgumentException($"Zero point {zero} of row {row}, group {group} is no whole number of the code's range.", nameof(zeros));
                }

                var (tile, lane) = Math.DivRem(row, PackedLayout.TileRows);
                var start = ((tile * layout.Groups) + group) * layout.ZeroBytesPerGroup;
                if (layout.StoredBits <= 4)
                {
                    packed[start + (lane % 8)] |= (byte)((int)zero << (lane / 8 * 4));
                }
                else
                {
                    packed[start + lane] = (byte)zero;
                }
            }
        }

        return packed;
    }

    private static Half ToHalf(float value, int row, int group)
    {
        var half = (Half)value;
        return Half.IsFinite(half)
            ? half
            : throw new ArgumentException($"Scale {value} of row {row}, group {group} is no finite float16.");
    }

    private static void RequireLength(int actual, long expected, string name)
    {
        if (actual != expected)
        {
            throw new ArgumentException($"Expected {expected} values, got {actual}.", name);
        }
    }
}
