namespace Gptq.Numerics.Packed;

/// <summary>
/// Where everything stands in a packed weight matrix: the layout that files hold and kernels read, without any repacking between.
/// docs/operators.md describes it in full.
/// </summary>
/// <remarks>
/// Rows (output features) are taken 16 at a time: a tile. Columns (input features) are taken 32 at a time: a block. A block of a tile is
/// <see cref="StoredBits"/> vectors of 64 bytes; 32-bit word r of a vector belongs to row r of the tile, so that every vector lane is
/// one output whatever the instruction set's width. Scales and zero points stand beside the codes, 16 rows together.
/// </remarks>
public readonly record struct PackedLayout
{
    /// <summary>Rows of a tile.</summary>
    public const int TileRows = 16;

    /// <summary>Columns of a block.</summary>
    public const int BlockColumns = 32;

    /// <summary>Bytes of a vector of a block.</summary>
    internal const int VectorBytes = 4 * TileRows;

    /// <summary>Describes a matrix.</summary>
    /// <param name="format">The code's width.</param>
    /// <param name="outFeatures">Rows.</param>
    /// <param name="columns">Stored columns, padding included: a multiple of 32.</param>
    /// <param name="groupSize">Stored columns that share a scale: 16, or a multiple of 32 (the last group may be short).</param>
    /// <exception cref="ArgumentException">The extents are not as described.</exception>
    public PackedLayout(PackedFormat format, int outFeatures, int columns, int groupSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outFeatures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groupSize);
        if (!Enum.IsDefined(format))
        {
            throw new ArgumentException($"Packed weights have 2, 3, 4 or 8 bits or are ternary (0), not {(int)format}.", nameof(format));
        }

        if (columns % BlockColumns != 0)
        {
            throw new ArgumentException($"Packed columns come in blocks of {BlockColumns}; {columns} is no multiple.", nameof(columns));
        }

        if (groupSize != BlockColumns / 2 && groupSize % BlockColumns != 0)
        {
            throw new ArgumentException($"A packed group has 16 columns or a multiple of {BlockColumns}, not {groupSize}.", nameof(groupSize));
        }

        Format = format;
        OutFeatures = outFeatures;
        Columns = columns;
        GroupSize = Math.Min(groupSize, columns);
    }

    /// <summary>The code's width.</summary>
    public PackedFormat Format { get; }

    /// <summary>Rows of the weight.</summary>
    public int OutFeatures { get; }

    /// <summary>Stored columns, padding included: a multiple of 32.</summary>
    public int Columns { get; }

    /// <summary>Stored columns that share a scale.</summary>
    public int GroupSize { get; }

    /// <summary>Bits that a code takes in the file.</summary>
    public int StoredBits => Format == PackedFormat.Ternary ? 2 : (int)Format;

    /// <summary>Scales of a group: the negative level stands behind the positive one in a ternary group.</summary>
    public int Levels => Format == PackedFormat.Ternary ? 2 : 1;

    /// <summary>Tiles of 16 rows.</summary>
    public int Tiles => (OutFeatures + TileRows - 1) / TileRows;

    /// <summary>Blocks of 32 columns.</summary>
    public int Blocks => Columns / BlockColumns;

    /// <summary>Groups of a row.</summary>
    public int Groups => (Columns + GroupSize - 1) / GroupSize;

    /// <summary>Bytes of one block of one tile.</summary>
    public int BlockBytes => StoredBits * VectorBytes;

    /// <summary>Bytes of the codes of one tile.</summary>
    public int TileBytes => checked(Blocks * BlockBytes);

    /// <summary>Bytes of all codes: [tiles, blocks, <see cref="BlockBytes"/>].</summary>
    public long CodeBytes => (long)Tiles * TileBytes;

    /// <summary>Number of float16 scales: [tiles, groups, levels, 16].</summary>
    public long ScaleCount => (long)Tiles * Groups * Levels * TileRows;

    /// <summary>Bytes of the zero points of a group of a tile: two to a byte up to 4 bits (rows r and r + 8 in byte r), else one.</summary>
    public int ZeroBytesPerGroup => StoredBits <= 4 ? TileRows / 2 : TileRows;

    /// <summary>Bytes of the zero points, where there are any: [tiles, groups, <see cref="ZeroBytesPerGroup"/>].</summary>
    public long ZeroBytes => (long)Tiles * Groups * ZeroBytesPerGroup;

    /// <summary>The zero point of a matrix that stores none: the middle of the code's range.</summary>
    public int DefaultZero => 1 << (StoredBits - 1);
}
