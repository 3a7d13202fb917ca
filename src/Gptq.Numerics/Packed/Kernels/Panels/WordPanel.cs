using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>code − zero as int16 for <see cref="ActivationForm.Words"/>: columns in pairs, in the order of that form.</summary>
internal readonly unsafe struct WordPanel : IPanel
{
    public static int ColumnBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill<TSimd, TByte, TInt, TFloat, TCodes>(TByte c0, TByte c1, TByte c2, TByte c3, TInt zero, byte* panel)
        where TSimd : struct, IPanelSimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
        where TCodes : struct, ICodeFormat
    {
        Fill(c0, zero, panel);
        Fill(c1, zero, panel + (4 * sizeof(TByte)));
        Fill(c2, zero, panel + (8 * sizeof(TByte)));
        Fill(c3, zero, panel + (12 * sizeof(TByte)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Fill(TByte codes, TInt zero, byte* destination)
        {
            TSimd.Store(destination, TSimd.EvenWords(codes, zero));
            TSimd.Store(destination + (2 * sizeof(TByte)), TSimd.OddWords(codes, zero));
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
        var (s00, s01, s10, s11) = (TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0));
        var (s20, s21, s30, s31) = (TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0), TSimd.Fill(0));
        short* x0 = (short*)x.Row0, x1 = (short*)x.Row1, x2 = (short*)x.Row2, x3 = (short*)x.Row3;
        for (nint column = 0; column < columns; column += 2, panel += 2 * sizeof(TByte))
        {
            var left = TSimd.Load(panel);
            var right = TSimd.Load(panel + sizeof(TByte));
            var pair = TSimd.FillPair(x0 + column);
            s00 = TSimd.MultiplyAddWords(s00, left, pair);
            s01 = TSimd.MultiplyAddWords(s01, right, pair);
            pair = TSimd.FillPair(x1 + column);
            s10 = TSimd.MultiplyAddWords(s10, left, pair);
            s11 = TSimd.MultiplyAddWords(s11, right, pair);
            pair = TSimd.FillPair(x2 + column);
            s20 = TSimd.MultiplyAddWords(s20, left, pair);
            s21 = TSimd.MultiplyAddWords(s21, right, pair);
            pair = TSimd.FillPair(x3 + column);
            s30 = TSimd.MultiplyAddWords(s30, left, pair);
            s31 = TSimd.MultiplyAddWords(s31, right, pair);
        }

        Add(x.Row0 + x.ToScale, outputs, s00, s01, totals.Row0);
        Add(x.Row1 + x.ToScale, outputs, s10, s11, totals.Row1);
        Add(x.Row2 + x.ToScale, outputs, s20, s21, totals.Row2);
        Add(x.Row3 + x.ToScale, outputs, s30, s31, totals.Row3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Add(byte* activationScale, in TwoVectors<TInt, TFloat> outputs, TInt sum0, TInt sum1, byte* total)
        {
            var scale = TSimd.Fill(*(float*)activationScale);
            float* total0 = (float*)total, total1 = (float*)(total + sizeof(TFloat));
            TSimd.Store(total0, TSimd.MultiplyAdd(TSimd.ToFloat(sum0), TSimd.Multiply(outputs.Scale0, scale), TSimd.Load(total0)));
            TSimd.Store(total1, TSimd.MultiplyAdd(TSimd.ToFloat(sum1), TSimd.Multiply(outputs.Scale1, scale), TSimd.Load(total1)));
        }
    }
}
