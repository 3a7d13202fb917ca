using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>
/// A tile times float32 activations. In each activation block, columns 4j + b add up in four sums by b, of (code − middle) · x, so that
/// little cancels; the zero point's distance from the middle comes off once a block.
/// </summary>
internal static unsafe class FloatTile<TSimd, TByte, TInt, TFloat, TCodes>
    where TSimd : struct, ISimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
    where TCodes : struct, ICodeFormat
{
    private static byte Middle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (byte)(TCodes.Plane is null ? 1 << (TCodes.Bits - 1) : 0);
    }

    private static bool AreNibbles
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TCodes.Bits <= 4;
    }

    /// <inheritdoc cref="TileKernel.Multiply"/>
    public static void Multiply(in PackedWeights weights, int tile, in ActivationLayout layout, byte* x, int rows, float* result)
    {
        for (var row = 0; row < PackedLayout.TileRows; row += TSimd.Rows)
        {
            if (rows == 1)
            {
                One(weights, tile, row, layout, (float*)x, result + row);
            }
            else
            {
                Four(weights, tile, row, layout, (float*)x, result + row);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void One(in PackedWeights weights, int tile, int row, in ActivationLayout activations, float* x, float* result)
    {
        var codes = stackalloc TByte[8];
        var place = new TilePlace(weights, activations, tile, row, TCodes.Plane ?? 0);
        var sums = (float*)((byte*)x + activations.SumOffset);
        var total = TSimd.Fill(0f);
        for (var group = 0; group < place.Groups; group++, place.NextGroup())
        {
            var scale = TSimd.LoadScales(place.Scales, row);
            for (var half = place.FirstHalf; half < place.EndHalf;)
            {
                var end = Math.Min(half + place.HalvesTogether, place.EndHalf);
                var s0 = TSimd.Fill(0f);
                var s1 = TSimd.Fill(0f);
                var s2 = TSimd.Fill(0f);
                var s3 = TSimd.Fill(0f);
                for (; half < end; half++)
                {
                    if ((half & 1) == 0 || half == place.FirstHalf)
                    {
                        Unpack(place.Codes, half, codes);
                    }

                    var values = x + (half * 16);
                    for (var j = 0; j < 4; j++, values += 4)
                    {
                        var code = codes[(4 * (half & 1)) + j];
                        s0 = TSimd.MultiplyAdd(TSimd.CodeToFloat(code, 0, Middle, AreNibbles), TSimd.Fill(values[0]), s0);
                        s1 = TSimd.MultiplyAdd(TSimd.CodeToFloat(code, 1, Middle, AreNibbles), TSimd.Fill(values[1]), s1);
                        s2 = TSimd.MultiplyAdd(TSimd.CodeToFloat(code, 2, Middle, AreNibbles), TSimd.Fill(values[2]), s2);
                        s3 = TSimd.MultiplyAdd(TSimd.CodeToFloat(code, 3, Middle, AreNibbles), TSimd.Fill(values[3]), s3);
                    }
                }

                total = Scale(total, Sum(s0, s1, s2, s3), scale, place, row, sums++);
            }
        }

        TSimd.Store(result, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void Four(in PackedWeights weights, int tile, int row, in ActivationLayout activations, float* x, float* result)
    {
        var codes = stackalloc TByte[8];
        var place = new TilePlace(weights, activations, tile, row, TCodes.Plane ?? 0);
        var stride = (nint)activations.RowBytes / sizeof(float);
        var sums = (float*)((byte*)x + activations.SumOffset);
        var total0 = TSimd.Fill(0f);
        var total1 = TSimd.Fill(0f);
        var total2 = TSimd.Fill(0f);
        var total3 = TSimd.Fill(0f);
        for (var group = 0; group < place.Groups; group++, place.NextGroup())
        {
            var scale = TSimd.LoadScales(place.Scales, row);
            for (var half = place.FirstHalf; half < place.EndHalf; sums++)
            {
                var end = Math.Min(half + place.HalvesTogether, place.EndHalf);
                var (s00, s01, s02, s03) = (TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f));
                var (s10, s11, s12, s13) = (TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f));
                var (s20, s21, s22, s23) = (TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f));
                var (s30, s31, s32, s33) = (TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f));
                for (; half < end; half++)
                {
                    if ((half & 1) == 0 || half == place.FirstHalf)
                    {
                        Unpack(place.Codes, half, codes);
                    }

                    var v0 = x + (half * 16);
                    var v1 = v0 + stride;
                    var v2 = v1 + stride;
                    var v3 = v2 + stride;
                    for (var j = 0; j < 4; j++, v0 += 4, v1 += 4, v2 += 4, v3 += 4)
                    {
                        var code = codes[(4 * (half & 1)) + j];
                        var w = TSimd.CodeToFloat(code, 0, Middle, AreNibbles);
                        s00 = TSimd.MultiplyAdd(w, TSimd.Fill(v0[0]), s00);
                        s10 = TSimd.MultiplyAdd(w, TSimd.Fill(v1[0]), s10);
                        s20 = TSimd.MultiplyAdd(w, TSimd.Fill(v2[0]), s20);
                        s30 = TSimd.MultiplyAdd(w, TSimd.Fill(v3[0]), s30);
                        w = TSimd.CodeToFloat(code, 1, Middle, AreNibbles);
                        s01 = TSimd.MultiplyAdd(w, TSimd.Fill(v0[1]), s01);
                        s11 = TSimd.MultiplyAdd(w, TSimd.Fill(v1[1]), s11);
                        s21 = TSimd.MultiplyAdd(w, TSimd.Fill(v2[1]), s21);
                        s31 = TSimd.MultiplyAdd(w, TSimd.Fill(v3[1]), s31);
                        w = TSimd.CodeToFloat(code, 2, Middle, AreNibbles);
                        s02 = TSimd.MultiplyAdd(w, TSimd.Fill(v0[2]), s02);
                        s12 = TSimd.MultiplyAdd(w, TSimd.Fill(v1[2]), s12);
                        s22 = TSimd.MultiplyAdd(w, TSimd.Fill(v2[2]), s22);
                        s32 = TSimd.MultiplyAdd(w, TSimd.Fill(v3[2]), s32);
                        w = TSimd.CodeToFloat(code, 3, Middle, AreNibbles);
                        s03 = TSimd.MultiplyAdd(w, TSimd.Fill(v0[3]), s03);
                        s13 = TSimd.MultiplyAdd(w, TSimd.Fill(v1[3]), s13);
                        s23 = TSimd.MultiplyAdd(w, TSimd.Fill(v2[3]), s23);
                        s33 = TSimd.MultiplyAdd(w, TSimd.Fill(v3[3]), s33);
                    }
                }

                total0 = Scale(total0, Sum(s00, s01, s02, s03), scale, place, row, sums);
                total1 = Scale(total1, Sum(s10, s11, s12, s13), scale, place, row, sums + stride);
                total2 = Scale(total2, Sum(s20, s21, s22, s23), scale, place, row, sums + (2 * stride));
                total3 = Scale(total3, Sum(s30, s31, s32, s33), scale, place, row, sums + (3 * stride));
            }
        }

        TSimd.Store(result, total0);
        TSimd.Store(result + PackedLayout.TileRows, total1);
        TSimd.Store(result + (2 * PackedLayout.TileRows), total2);
        TSimd.Store(result + (3 * PackedLayout.TileRows), total3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Sum(TFloat s0, TFloat s1, TFloat s2, TFloat s3) => TSimd.Add(TSimd.Add(s0, s1), TSimd.Add(s2, s3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Scale(TFloat total, TFloat sum, TFloat scale, in TilePlace place, int row, float* activationSum)
    {
        if (TCodes.Plane is null && place.Zeros is not null)
        {
            var zero = TCodes.Bits <= 4 ? TSimd.LoadZeroNibbles(place.Zeros, row) : TSimd.LoadZeroBytes(place.Zeros, row);
            var distance = TSimd.MultiplySubtract(TSimd.Fill((int)Middle), zero, 1);
            sum = TSimd.MultiplyAdd(TSimd.ToFloat(distance), TSimd.Fill(*activationSum), sum);
        }

        return TSimd.MultiplyAdd(sum, scale, total);
    }

    /// <summary>The codes of the block that has a half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(byte* tileCodes, int half, TByte* codes)
    {
        TCodes.Unpack<TSimd, TByte, TInt, TFloat>(
            tileCodes + ((nint)(half >> 1) * TCodes.Bits * PackedLayout.VectorBytes),
            out var c0,
            out var c1,
            out var c2,
            out var c3,
            out var c4,
            out var c5,
            out var c6,
            out var c7);
        codes[0] = TSimd.Center(c0, Middle, AreNibbles);
        codes[1] = TSimd.Center(c1, Middle, AreNibbles);
        codes[2] = TSimd.Center(c2, Middle, AreNibbles);
        codes[3] = TSimd.Center(c3, Middle, AreNibbles);
        codes[4] = TSimd.Center(c4, Middle, AreNibbles);
        codes[5] = TSimd.Center(c5, Middle, AreNibbles);
        codes[6] = TSimd.Center(c6, Middle, AreNibbles);
        codes[7] = TSimd.Center(c7, Middle, AreNibbles);
    }
}
