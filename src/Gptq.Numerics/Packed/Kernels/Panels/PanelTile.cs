using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>
/// Two tiles times many rows of activations: each activation block's codes are taken apart once, into a panel in the first-level cache, and
/// all rows pass by it.
/// </summary>
internal static unsafe class PanelTile<TSimd, TByte, TInt, TFloat, TCodes, TPanel>
    where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
    where TCodes : struct, ICodeFormat
    where TPanel : struct, IPanel
{
    private const int HalfColumns = PackedLayout.BlockColumns / 2;

    /// <inheritdoc cref="TileKernel.MultiplyMany"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static void Multiply(in PackedWeights weights, int tile, int tiles, in ActivationLayout activations, byte* x, int rows, float* totals)
    {
        var memory = stackalloc byte[(2 * TPanel.ColumnBytes * ActivationLayout.MostBlockColumns * TSimd.Rows) + 64];
        var panel = (byte*)(((nuint)memory + 63) & ~(nuint)63);
        new Span<float>(totals, TileKernel.PaddedRows(rows) * TileKernel.PairRows).Clear();
        for (var row = 0; row < tiles * PackedLayout.TileRows; row += 2 * TSimd.Rows)
        {
            // The vector behind a last tile that has no second one does its work again, into totals that nobody reads.
            var other = row + TSimd.Rows < tiles * PackedLayout.TileRows ? row + TSimd.Rows : row;
            MultiplyPair(
                weights,
                Place(weights, activations, tile, row),
                Place(weights, activations, tile, other),
                row % PackedLayout.TileRows,
                other % PackedLayout.TileRows,
                activations,
                x,
                rows,
                totals + row,
                panel);
        }
    }

    private static TilePlace Place(in PackedWeights weights, in ActivationLayout activations, int tile, int row) =>
        new(weights, activations, tile + (row / PackedLayout.TileRows), row % PackedLayout.TileRows, TCodes.Plane ?? 0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPair(
        in PackedWeights weights, TilePlace left, TilePlace right, int leftRow, int rightRow, in ActivationLayout activations, byte* x, int rows, float* totals, byte* panel)
    {
        TwoVectors<TInt, TFloat> outputs = default;
        outputs.HasZeros = weights.Zeros is not null;
        var block = 0;
        for (var group = 0; group < left.Groups; group++, left.NextGroup(), right.NextGroup())
        {
            (outputs.Scale0, outputs.Scale1) = (TSimd.LoadScales(left.Scales, leftRow), TSimd.LoadScales(right.Scales, rightRow));
            (outputs.Zero0, outputs.Zero1) = (LoadZero(left, leftRow), LoadZero(right, rightRow));
            for (var half = left.FirstHalf; half < left.EndHalf; block++)
            {
                var first = half;
                var end = Math.Min(half + left.HalvesTogether, left.EndHalf);
                var place = panel;
                while (half < end)
                {
                    var halves = Math.Min(2 - (half & 1), end - half);
                    Fill(left.Codes, half, halves, outputs.Zero0, place);
                    Fill(right.Codes, half, halves, outputs.Zero1, place + sizeof(TByte));
                    place += halves * HalfColumns * TPanel.ColumnBytes * 2 * TSimd.Rows;
                    half += halves;
                }

                var values = x + ((nint)first * HalfColumns * activations.ValueSize);
                var toScale = activations.ValueBytes + (sizeof(float) * block) - ((nint)first * HalfColumns * activations.ValueSize);
                for (var row = 0; row < rows; row += 4)
                {
                    var four = new FourRows(values, activations.RowBytes, row, rows - 1)
                    {
                        ToScale = toScale, ToSum = toScale + (activations.SumOffset - activations.ValueBytes),
                    };
                    var destinations = new FourRows((byte*)totals, TileKernel.PairRows * sizeof(float), row, row + 3);
                    TPanel.Multiply<TSimd, TByte, TInt, TFloat, TCodes>(panel, (end - first) * HalfColumns, four, outputs, destinations);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt LoadZero(in TilePlace place, int row)
    {
        if (TCodes.Plane is not null)
        {
            return TSimd.Fill(0);
        }

        return place.Zeros is null ? TSimd.Fill(1 << (TCodes.Bits - 1))
            : TCodes.Bits <= 4 ? TSimd.LoadZeroNibbles(place.Zeros, row)
            : TSimd.LoadZeroBytes(place.Zeros, row);
    }

    /// <summary>One half of a block of 32 columns, or both.</summary>
    private static void Fill(byte* codes, int half, int halves, TInt zero, byte* panel)
    {
        TCodes.Unpack<TSimd, TByte, TInt, TFloat>(
            codes + ((nint)(half >> 1) * TCodes.Bits * PackedLayout.VectorBytes),
            out var c0,
            out var c1,
            out var c2,
            out var c3,
            out var c4,
            out var c5,
            out var c6,
            out var c7);
        if ((half & 1) == 0)
        {
            TPanel.Fill<TSimd, TByte, TInt, TFloat, TCodes>(c0, c1, c2, c3, zero, panel);
            panel += HalfColumns * TPanel.ColumnBytes * 2 * TSimd.Rows;
        }

        if ((half & 1) + halves == 2)
        {
            TPanel.Fill<TSimd, TByte, TInt, TFloat, TCodes>(c4, c5, c6, c7, zero, panel);
        }
    }
}
