using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>code − middle as float32 for <see cref="ActivationForm.Floats"/>, summed as <see cref="FloatTile{TSimd, TByte, TInt, TFloat, TCodes}"/> does.</summary>
internal readonly unsafe struct FloatPanel : IPanel
{
    public static int ColumnBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill<TSimd, TByte, TInt, TFloat, TCodes>(TByte c0, TByte c1, TByte c2, TByte c3, TInt zero, byte* panel)
        where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
        where TCodes : struct, ICodeFormat
    {
        Fill(c0, panel);
        Fill(c1, panel + (8 * sizeof(TByte)));
        Fill(c2, panel + (16 * sizeof(TByte)));
        Fill(c3, panel + (24 * sizeof(TByte)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Fill(TByte codes, byte* destination)
        {
            var middle = Middle<TCodes>();
            var centered = TSimd.Center(codes, middle, TCodes.Bits <= 4);
            TSimd.Store((float*)destination, TSimd.CodeToFloat(centered, 0, middle, TCodes.Bits <= 4));
            TSimd.Store((float*)(destination + (2 * sizeof(TFloat))), TSimd.CodeToFloat(centered, 1, middle, TCodes.Bits <= 4));
            TSimd.Store((float*)(destination + (4 * sizeof(TFloat))), TSimd.CodeToFloat(centered, 2, middle, TCodes.Bits <= 4));
            TSimd.Store((float*)(destination + (6 * sizeof(TFloat))), TSimd.CodeToFloat(centered, 3, middle, TCodes.Bits <= 4));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TSimd, TByte, TInt, TFloat, TCodes>(
        byte* panel, int columns, in FourRows x, in TwoVectors<TInt, TFloat> outputs, in FourRows totals)
        where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
        where TCodes : struct, ICodeFormat
    {
        var step = 2 * sizeof(TFloat);
        Every4th(panel, 0, columns, x, out var s00, out var s01, out var s10, out var s11, out var s20, out var s21, out var s30, out var s31);
        Every4th(panel + step, 1, columns, x, out var t00, out var t01, out var t10, out var t11, out var t20, out var t21, out var t30, out var t31);
        (s00, s01, s10, s11) = (TSimd.Add(s00, t00), TSimd.Add(s01, t01), TSimd.Add(s10, t10), TSimd.Add(s11, t11));
        (s20, s21, s30, s31) = (TSimd.Add(s20, t20), TSimd.Add(s21, t21), TSimd.Add(s30, t30), TSimd.Add(s31, t31));
        Every4th(panel + (2 * step), 2, columns, x, out t00, out t01, out t10, out t11, out t20, out t21, out t30, out t31);
        Every4th(panel + (3 * step), 3, columns, x, out var u00, out var u01, out var u10, out var u11, out var u20, out var u21, out var u30, out var u31);
        Add(x.Row0 + x.ToSum, outputs, TSimd.Add(s00, TSimd.Add(t00, u00)), TSimd.Add(s01, TSimd.Add(t01, u01)), totals.Row0);
        Add(x.Row1 + x.ToSum, outputs, TSimd.Add(s10, TSimd.Add(t10, u10)), TSimd.Add(s11, TSimd.Add(t11, u11)), totals.Row1);
        Add(x.Row2 + x.ToSum, outputs, TSimd.Add(s20, TSimd.Add(t20, u20)), TSimd.Add(s21, TSimd.Add(t21, u21)), totals.Row2);
        Add(x.Row3 + x.ToSum, outputs, TSimd.Add(s30, TSimd.Add(t30, u30)), TSimd.Add(s31, TSimd.Add(t31, u31)), totals.Row3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Every4th(
            byte* weights, int first, int columns, in FourRows x,
            out TFloat s00, out TFloat s01, out TFloat s10, out TFloat s11, out TFloat s20, out TFloat s21, out TFloat s30, out TFloat s31)
        {
            (s00, s01, s10, s11) = (TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f));
            (s20, s21, s30, s31) = (TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f), TSimd.Fill(0f));
            float* x0 = (float*)x.Row0, x1 = (float*)x.Row1, x2 = (float*)x.Row2, x3 = (float*)x.Row3;
            for (nint column = first; column < columns; column += 4, weights += 8 * sizeof(TFloat))
            {
                var left = TSimd.Load((float*)weights);
                var right = TSimd.Load((float*)(weights + sizeof(TFloat)));
                var value = TSimd.Fill(x0[column]);
                s00 = TSimd.MultiplyAdd(left, value, s00);
                s01 = TSimd.MultiplyAdd(right, value, s01);
                value = TSimd.Fill(x1[column]);
                s10 = TSimd.MultiplyAdd(left, value, s10);
                s11 = TSimd.MultiplyAdd(right, value, s11);
                value = TSimd.Fill(x2[column]);
                s20 = TSimd.MultiplyAdd(left, value, s20);
                s21 = TSimd.MultiplyAdd(right, value, s21);
                value = TSimd.Fill(x3[column]);
                s30 = TSimd.MultiplyAdd(left, value, s30);
                s31 = TSimd.MultiplyAdd(right, value, s31);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Add(byte* activationSum, in TwoVectors<TInt, TFloat> outputs, TFloat sum0, TFloat sum1, byte* total)
        {
            if (TCodes.Plane is null && outputs.HasZeros)
            {
                var columns = TSimd.Fill(*(float*)activationSum);
                var middle = TSimd.Fill((int)Middle<TCodes>());
                sum0 = TSimd.MultiplyAdd(TSimd.ToFloat(TSimd.MultiplySubtract(middle, outputs.Zero0, 1)), columns, sum0);
                sum1 = TSimd.MultiplyAdd(TSimd.ToFloat(TSimd.MultiplySubtract(middle, outputs.Zero1, 1)), columns, sum1);
            }

            float* total0 = (float*)total, total1 = (float*)(total + sizeof(TFloat));
            TSimd.Store(total0, TSimd.MultiplyAdd(sum0, outputs.Scale0, TSimd.Load(total0)));
            TSimd.Store(total1, TSimd.MultiplyAdd(sum1, outputs.Scale1, TSimd.Load(total1)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Middle<TCodes>()
        where TCodes : struct, ICodeFormat => (byte)(TCodes.Plane is null ? 1 << (TCodes.Bits - 1) : 0);
}
