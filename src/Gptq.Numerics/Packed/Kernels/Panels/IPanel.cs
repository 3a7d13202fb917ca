namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>
/// Codes taken apart once for many rows of activations: the columns of one activation block, for two vectors of outputs side by side. The
/// outputs' bits are those of the tile kernels.
/// </summary>
internal unsafe interface IPanel
{
    /// <summary>Bytes that a column takes for each output.</summary>
    static abstract int ColumnBytes { get; }

    /// <summary>Takes 16 columns apart.</summary>
    /// <param name="c0">Columns 0 … 3 of each output, a byte each.</param>
    /// <param name="c1">Columns 4 … 7.</param>
    /// <param name="c2">Columns 8 … 11.</param>
    /// <param name="c3">Columns 12 … 15.</param>
    /// <param name="zero">The outputs' zero points.</param>
    /// <param name="panel">Where the columns of this vector go; those of the other vector lie between.</param>
    static abstract void Fill<TSimd, TByte, TInt, TFloat, TCodes>(TByte c0, TByte c1, TByte c2, TByte c3, TInt zero, byte* panel)
        where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
        where TCodes : struct, ICodeFormat;

    /// <summary>Multiplies a panel by four rows of activations, and adds the products to the totals.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="columns">Its columns, a multiple of 16.</param>
    /// <param name="x">The panel's columns in the four rows, and their scales and sums.</param>
    /// <param name="outputs">What the outputs need.</param>
    /// <param name="totals">Four rows of totals.</param>
    static abstract void Multiply<TSimd, TByte, TInt, TFloat, TCodes>(
        byte* panel, int columns, in FourRows x, in TwoVectors<TInt, TFloat> outputs, in FourRows totals)
        where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
        where TCodes : struct, ICodeFormat;
}

/// <summary>The same place in four rows.</summary>
internal unsafe struct FourRows
{
    public byte* Row0, Row1, Row2, Row3;

    /// <summary>Rows that there are no more of are the last one, once more.</summary>
    public FourRows(byte* place, nint stride, int first, int last)
    {
        Row0 = place + (first * stride);
        Row1 = place + (Math.Min(first + 1, last) * stride);
        Row2 = place + (Math.Min(first + 2, last) * stride);
        Row3 = place + (Math.Min(first + 3, last) * stride);
    }

    /// <summary>From a place in an activation block's values to the block's scale, and to its sum.</summary>
    public nint ToScale, ToSum;
}

/// <summary>Scales and zero points of a group, for two vectors of outputs.</summary>
internal struct TwoVectors<TInt, TFloat>
{
    public TFloat Scale0, Scale1;

    public TInt Zero0, Zero1;

    /// <summary>Whether the matrix stores zero points.</summary>
    public bool HasZeros;
}
