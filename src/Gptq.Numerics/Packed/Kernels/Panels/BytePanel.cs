using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>Codes as they are for <see cref="ActivationForm.OneLimb"/>, whose blocks have at most 32 columns: eight sums fit int16.</summary>
internal readonly unsafe struct BytePanel : IPanel
{
    public static int ColumnBytes => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill<TSimd, TByte, TInt, TFloat, TCodes>(TByte c0, TByte c1, TByte c2, TByte c3, TInt zero, byte* panel)
        where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
        where TCodes : struct, ICodeFormat
    {
        TSimd.Store(panel, c0);
        TSimd.Store(panel + (2 * sizeof(TByte)), c1);
        TSimd.Store(panel + (4 * sizeof(TByte)), c2);
        TSimd.Store(panel + (6 * sizeof(TByte)), c3);
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
        var (s00, s01, s10, s11) = (TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0));
        var (s20, s21, s30, s31) = (TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0));
        sbyte* x0 = (sbyte*)x.Row0, x1 = (sbyte*)x.Row1, x2 = (sbyte*)x.Row2, x3 = (sbyte*)x.Row3;
        for (nint column = 0; column < columns; column += 4, panel += 2 * sizeof(TByte))
        {
            var left = TSimd.Load(panel);
            var right = TSimd.Load(panel + sizeof(TByte));
            var four = TSimd.FillFour(x0 + column);
            s00 = TSimd.AddBytes(s00, left, four);
            s01 = TSimd.AddBytes(s01, right, four);
            four = TSimd.FillFour(x1 + column);
            s10 = TSimd.AddBytes(s10, left, four);
            s11 = TSimd.AddBytes(s11, right, four);
            four = TSimd.FillFour(x2 + column);
            s20 = TSimd.AddBytes(s20, left, four);
            s21 = TSimd.AddBytes(s21, right, four);
            four = TSimd.FillFour(x3 + column);
            s30 = TSimd.AddBytes(s30, left, four);
            s31 = TSimd.AddBytes(s31, right, four);
        }

        Add(x.Row0 + x.ToScale, x.Row0 + x.ToSum, outputs, s00, s01, totals.Row0);
        Add(x.Row1 + x.ToScale, x.Row1 + x.ToSum, outputs, s10, s11, totals.Row1);
        Add(x.Row2 + x.ToScale, x.Row2 + x.ToSum, outputs, s20, s21, totals.Row2);
        Add(x.Row3 + x.ToScale, x.Row3 + x.ToSum, outputs, s30, s31, totals.Row3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Add(byte* activationScale, byte* activationSum, in TwoVectors<TInt, TFloat> outputs, TInt sum0, TInt sum1, byte* total)
        {
            (sum0, sum1) = (TSimd.FinishBytes(sum0), TSimd.FinishBytes(sum1));
            if (TCodes.Plane is null)
            {
                var columns = *(int*)activationSum;
                (sum0, sum1) = (TSimd.MultiplySubtract(sum0, outputs.Zero0, columns), TSimd.MultiplySubtract(sum1, outputs.Zero1, columns));
            }

            var scale = TSimd.Fill(*(float*)activationScale);
            float* total0 = (float*)total, total1 = (float*)(total + sizeof(TFloat));
            TSimd.Store(total0, TSimd.MultiplyAdd(TSimd.ToFloat(sum0), TSimd.Multiply(outputs.Scale0, scale), TSimd.Load(total0)));
            TSimd.Store(total1, TSimd.MultiplyAdd(TSimd.ToFloat(sum1), TSimd.Multiply(outputs.Scale1, scale), TSimd.Load(total1)));
        }
    }
}
