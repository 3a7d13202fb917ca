namespace Gptq.Numerics.Packed;

/// <summary>One row of a packed matrix, read code by code.</summary>
internal readonly unsafe struct TileRow
{
    private readonly PackedLayout _layout;
    private readonly int _lane;
    private readonly byte* _codes;
    private readonly Half* _scales;
    private readonly byte* _zeros;

    public TileRow(in PackedWeights weights, int tile, int lane)
    {
        _layout = weights.Layout;
        _lane = lane;
        var groups = (nint)tile * _layout.Groups;
        _codes = weights.Codes + ((nint)tile * _layout.TileBytes);
        _scales = weights.Scales + (groups * _layout.Levels * PackedLayout.TileRows) + lane;
        _zeros = weights.Zeros is null ? null : weights.Zeros + (groups * _layout.ZeroBytesPerGroup);
    }

    /// <summary>Whether the matrix stores zero points.</summary>
    public bool HasZeros => _zeros is not null;

    /// <summary>The middle of the code's range.</summary>
    public int Middle => _layout.DefaultZero;

    /// <summary>The code of a stored column; in a plane of a ternary matrix, whether the weight has the plane's level.</summary>
    public int Code(int column, int? plane)
    {
        var (block, place) = Math.DivRem(column, PackedLayout.BlockColumns);
        var bytes = new ReadOnlySpan<byte>(_codes + ((nint)block * _layout.BlockBytes), _layout.BlockBytes);
        var code = CodeBits.Read(_layout.Format, bytes, _lane, place);
        return plane is null ? code : (code == (plane == 0 ? 2 : 0) ? 1 : 0);
    }

    /// <summary>A scale of a group.</summary>
    public float Scale(int group, int level) => (float)_scales[((group * _layout.Levels) + level) * PackedLayout.TileRows];

    /// <summary>The zero point of a group.</summary>
    public int Zero(int group)
    {
        if (_zeros is null)
        {
            return _layout.DefaultZero;
        }

        var zeros = _zeros + (group * _layout.ZeroBytesPerGroup);
        return _layout.StoredBits <= 4 ? (zeros[_lane % 8] >> (_lane / 8 * 4)) & 15 : zeros[_lane];
    }

    /// <summary>The weight of a stored column.</summary>
    public float Weight(int column)
    {
        var group = column / _layout.GroupSize;
        var code = Code(column, null);
        return _layout.Format == PackedFormat.Ternary
            ? code switch { 2 => Scale(group, 0), 0 => Scale(group, 1), _ => 0 }
            : Scale(group, 0) * (code - Zero(group));
    }
}
