using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>2 bits: four codes to a byte.</summary>
internal readonly unsafe struct Codes2 : ICodeFormat
{
    public static int Bits => 2;

    public static int? Plane => null;

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
        var mask = TSimd.Fill((byte)3);
        var v0 = TSimd.Load(block);
        c0 = TSimd.And(v0, mask);
        c1 = TSimd.And(TSimd.ShiftRight(v0, 2), mask);
        c2 = TSimd.And(TSimd.ShiftRight(v0, 4), mask);
        c3 = TSimd.And(TSimd.ShiftRight(v0, 6), mask);
        var v1 = TSimd.Load(block + 64);
        c4 = TSimd.And(v1, mask);
        c5 = TSimd.And(TSimd.ShiftRight(v1, 2), mask);
        c6 = TSimd.And(TSimd.ShiftRight(v1, 4), mask);
        c7 = TSimd.And(TSimd.ShiftRight(v1, 6), mask);
    }
}
