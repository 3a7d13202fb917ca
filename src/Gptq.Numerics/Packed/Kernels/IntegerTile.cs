using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>A tile times integer activations: exact sums in each activation block, then one fused multiply-add with both scales.</summary>
internal static unsafe class IntegerTile<TSimd, TByte, TInt, TFloat, TCodes, TForm>
    where TSimd : struct, ISimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
    where TCodes : struct, ICodeFormat
    where TForm : struct, IActivationForm
{
    /// <summary>How far ahead of the block in work codes are asked for: about what memory takes to answer.</summary>
    private const int PrefetchBytes = 8192;

    /// <summary>The same for scales, of which there are far fewer; zero points take a quarter of their bytes.</summary>
    private const int ScalePrefetchBytes = 512;

    private static int BlockBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TCodes.Bits * PackedLayout.VectorBytes;
    }

    /// <inheritdoc cref="TileKernel.Multiply"/>
    public static void Multiply(in PackedWeights weights, int tile, in ActivationLayout layout, byte* x, int rows, float* result)
    {
        for (var row = 0; row < PackedLayout.TileRows; row += TSimd.Rows)
        {
            if (rows == 1)
            {
                One(weights, tile, row, layout, x, result + row);
            }
            else
            {
                Four(weights, tile, row, layout, x, result + row);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(in PackedWeights weights, int tile, int row, in ActivationLayout activations, byte* x, float* result)
    {
        var place = new TilePlace(weights, activations, tile, row, TCodes.Plane ?? 0);
        var scales = (float*)(x + activations.ValueBytes);
        var sums = (int*)(x + activations.SumOffset);
        var total = TSimd.Fill(0f);
        for (var group = 0; group < place.Groups; group++, place.NextGroup())
        {
            var scale = TSimd.LoadScales(place.Scales, row);
            var zero = LoadZero(place, row);
            TSimd.Prefetch((byte*)place.Scales + ScalePrefetchBytes);
            TSimd.Prefetch(place.Zeros + (ScalePrefetchBytes / 4));
            for (var half = place.FirstHalf; half < place.EndHalf;)
            {
                var end = Math.Min(half + place.HalvesTogether, place.EndHalf);
                var sum = TSimd.Fill(0);
                for (; half + 1 < end; half += 2)
                {
                    var block = place.Codes + ((nint)(half >> 1) * BlockBytes);
                    Prefetch(block);
                    TCodes.Unpack<TSimd, TByte, TInt, TFloat>(
                        block, out var c0, out var c1, out var c2, out var c3, out var c4, out var c5, out var c6, out var c7);
                    sum = TForm.Dot<TSimd, TByte, TInt, TFloat>(
                        sum, c0, c1, c2, c3, c4, c5, c6, c7, x + ((nint)(half >> 1) * TForm.BlockBytes));
                }

                if (half < end)
                {
                    sum = HalfBlock(place.Codes, x, half++, sum);
                }

                sum = TCodes.Plane is null ? TSimd.MultiplySubtract(sum, zero, *sums++) : sum;
                total = TSimd.MultiplyAdd(TSimd.ToFloat(sum), TSimd.Multiply(scale, TSimd.Fill(*scales++)), total);
            }
        }

        TSimd.Store(result, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(in PackedWeights weights, int tile, int row, in ActivationLayout activations, byte* x, float* result)
    {
        var place = new TilePlace(weights, activations, tile, row, TCodes.Plane ?? 0);
        nint rowBytes = activations.RowBytes;
        var x1 = x + rowBytes;
        var x2 = x1 + rowBytes;
        var x3 = x2 + rowBytes;
        var scales = x + activations.ValueBytes;
        var sums = x + activations.SumOffset;
        var total0 = TSimd.Fill(0f);
        var total1 = TSimd.Fill(0f);
        var total2 = TSimd.Fill(0f);
        var total3 = TSimd.Fill(0f);
        for (var group = 0; group < place.Groups; group++, place.NextGroup())
        {
            var scale = TSimd.LoadScales(place.Scales, row);
            var zero = LoadZero(place, row);
            for (var half = place.FirstHalf; half < place.EndHalf; scales += sizeof(float), sums += sizeof(int))
            {
                var end = Math.Min(half + place.HalvesTogether, place.EndHalf);
                var sum0 = TSimd.Fill(0);
                var sum1 = TSimd.Fill(0);
                var sum2 = TSimd.Fill(0);
                var sum3 = TSimd.Fill(0);
                for (; half + 1 < end; half += 2)
                {
                    var block = place.Codes + ((nint)(half >> 1) * BlockBytes);
                    TCodes.Unpack<TSimd, TByte, TInt, TFloat>(
                        block, out var c0, out var c1, out var c2, out var c3, out var c4, out var c5, out var c6, out var c7);
                    var offset = (nint)(half >> 1) * TForm.BlockBytes;
                    sum0 = TForm.Dot<TSimd, TByte, TInt, TFloat>(sum0, c0, c1, c2, c3, c4, c5, c6, c7, x + offset);
                    sum1 = TForm.Dot<TSimd, TByte, TInt, TFloat>(sum1, c0, c1, c2, c3, c4, c5, c6, c7, x1 + offset);
                    sum2 = TForm.Dot<TSimd, TByte, TInt, TFloat>(sum2, c0, c1, c2, c3, c4, c5, c6, c7, x2 + offset);
                    sum3 = TForm.Dot<TSimd, TByte, TInt, TFloat>(sum3, c0, c1, c2, c3, c4, c5, c6, c7, x3 + offset);
                }

                if (half < end)
                {
                    sum0 = HalfBlock(place.Codes, x, half, sum0);
                    sum1 = HalfBlock(place.Codes, x1, half, sum1);
                    sum2 = HalfBlock(place.Codes, x2, half, sum2);
                    sum3 = HalfBlock(place.Codes, x3, half, sum3);
                    half++;
                }

                total0 = Scale(total0, sum0, scale, zero, scales, sums);
                total1 = Scale(total1, sum1, scale, zero, scales + rowBytes, sums + rowBytes);
                total2 = Scale(total2, sum2, scale, zero, scales + (2 * rowBytes), sums + (2 * rowBytes));
                total3 = Scale(total3, sum3, scale, zero, scales + (3 * rowBytes), sums + (3 * rowBytes));
            }
        }

        TSimd.Store(result, total0);
        TSimd.Store(result + PackedLayout.TileRows, total1);
        TSimd.Store(result + (2 * PackedLayout.TileRows), total2);
        TSimd.Store(result + (3 * PackedLayout.TileRows), total3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Scale(TFloat total, TInt sum, TFloat scale, TInt zero, byte* activationScale, byte* activationSum)
    {
        sum = TCodes.Plane is null ? TSimd.MultiplySubtract(sum, zero, *(int*)activationSum) : sum;
        return TSimd.MultiplyAdd(TSimd.ToFloat(sum), TSimd.Multiply(scale, TSimd.Fill(*(float*)activationScale)), total);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt LoadZero(in TilePlace place, int row)
    {
        if (TCodes.Plane is not null || place.Zeros is null)
        {
            return TSimd.Fill(1 << (TCodes.Bits - 1));
        }

        return TCodes.Bits <= 4 ? TSimd.LoadZeroNibbles(place.Zeros, row) : TSimd.LoadZeroBytes(place.Zeros, row);
    }

    /// <summary>16 columns, which is a whole group: the block's other half counts for nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt HalfBlock(byte* codes, byte* x, int half, TInt sum)
    {
        TCodes.Unpack<TSimd, TByte, TInt, TFloat>(
            codes + ((nint)(half >> 1) * BlockBytes),
            out var c0,
            out var c1,
            out var c2,
            out var c3,
            out var c4,
            out var c5,
            out var c6,
            out var c7);
        var none = TSimd.Fill((byte)0);
        x += (nint)(half >> 1) * TForm.BlockBytes;
        return (half & 1) == 0
            ? TForm.Dot<TSimd, TByte, TInt, TFloat>(sum, c0, c1, c2, c3, none, none, none, none, x)
            : TForm.Dot<TSimd, TByte, TInt, TFloat>(sum, none, none, none, none, c4, c5, c6, c7, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* block)
    {
        for (var vector = 0; vector < TCodes.Bits; vector++)
        {
            TSimd.Prefetch(block + PrefetchBytes + (vector * PackedLayout.VectorBytes));
        }
    }
}
