using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>The positive plane of ternary codes: the upper of a weight's two bits.</summary>
internal readonly unsafe struct CodesPositive : ICodeFormat
{
    public static int Bits => 2;

    public static int? Plane => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSimd, TByte, TInt, TFloat>(
        byte* block,
        out TByte c0,
        out TByte c1,
        out TByte c2,
        out TByte c3,
        out TByte c4,
        out TByte c5,
        out TByte c6,
        out TByte c7)
        where TSimd : struct, ISimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
    {
        var mask = TSimd.Fill((byte)1);
        var v0 = TSimd.Load(block);
        c0 = TSimd.And(TSimd.ShiftRight(v0, 1), mask);
        c1 = TSimd.And(TSimd.ShiftRight(v0, 3), mask);
        c2 = TSimd.And(TSimd.ShiftRight(v0, 5), mask);
        c3 = TSimd.And(TSimd.ShiftRight(v0, 7), mask);
        var v1 = TSimd.Load(block + 64);
        c4 = TSimd.And(TSimd.ShiftRight(v1, 1), mask);
        c5 = TSimd.And(TSimd.ShiftRight(v1, 3), mask);
        c6 = TSimd.And(TSimd.ShiftRight(v1, 5), mask);
        c7 = TSimd.And(TSimd.ShiftRight(v1, 7), mask);
    }
}
