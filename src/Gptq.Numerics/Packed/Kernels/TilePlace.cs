namespace Gptq.Numerics.Packed.Kernels;

/// <summary>Where a kernel stands in a tile: pointers that walk from group to group. Columns are counted in halves of a block (16).</summary>
internal unsafe struct TilePlace
{
    private const int HalfColumns = PackedLayout.BlockColumns / 2;

    private readonly int _scaleStride;
    private readonly int _zeroStride;
    private readonly int _groupHalves;
    private readonly int _halves;

    /// <summary>Stands at the first group of a tile, at the vector that holds <paramref name="row"/>.</summary>
    public TilePlace(in PackedWeights weights, in ActivationLayout activations, int tile, int row, int level)
    {
        var layout = weights.Layout;
        Groups = layout.Groups;
        _scaleStride = layout.Levels * PackedLayout.TileRows;
        _zeroStride = layout.ZeroBytesPerGroup;
        _groupHalves = layout.GroupSize / HalfColumns;
        _halves = layout.Columns / HalfColumns;
        HalvesTogether = activations.BlockColumns / HalfColumns;
        Codes = weights.Codes + ((nint)tile * layout.TileBytes) + (4 * row);
        Scales = (ushort*)weights.Scales + ((nint)tile * Groups * _scaleStride) + (level * PackedLayout.TileRows);
        Zeros = weights.Zeros is null ? null : weights.Zeros + ((nint)tile * Groups * _zeroStride);
        FirstHalf = 0;
        EndHalf = Math.Min(_groupHalves, _halves);
    }

    /// <summary>Groups of the tile.</summary>
    public int Groups { get; }

    /// <summary>Halves of an activation block.</summary>
    public int HalvesTogether { get; }

    /// <summary>The tile's first block.</summary>
    public byte* Codes { get; }

    /// <summary>The group's scales.</summary>
    public ushort* Scales { get; private set; }

    /// <summary>The group's zero points, or null.</summary>
    public byte* Zeros { get; private set; }

    /// <summary>The group's first half block.</summary>
    public int FirstHalf { get; private set; }

    /// <summary>The end of the group.</summary>
    public int EndHalf { get; private set; }

    /// <summary>Goes on to the next group.</summary>
    public void NextGroup()
    {
        Scales += _scaleStride;
        Zeros = Zeros is null ? null : Zeros + _zeroStride;
        FirstHalf = EndHalf;
        EndHalf = Math.Min(EndHalf + _groupHalves, _halves);
    }
}
