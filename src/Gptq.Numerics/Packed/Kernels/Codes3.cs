using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>3 bits: two codes to a byte, and the two codes that are left over in the bytes' top bits (see <see cref="CodeBits"/>).</summary>
internal readonly unsafe struct Codes3 : ICodeFormat
{
    public static int Bits => 3;

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
        var low = TSimd.Fill((byte)7);
        var v0 = TSimd.Load(block);
        c0 = TSimd.And(v0, low);
        c1 = TSimd.And(TSimd.ShiftRight(v0, 3), low);
        var v1 = TSimd.Load(block + 64);
        c2 = TSimd.And(v1, low);
        c3 = TSimd.And(TSimd.ShiftRight(v1, 3), low);
        var v2 = TSimd.Load(block + 128);
        c4 = TSimd.And(v2, low);
        c5 = TSimd.And(TSimd.ShiftRight(v2, 3), low);

        var pair = TSimd.Fill((byte)3);
        var high = TSimd.Fill((byte)4);
        c6 = TSimd.Or(TSimd.And(TSimd.ShiftRight(v0, 6), pair), TSimd.And(TSimd.ShiftRight(v2, 4), high));
        c7 = TSimd.Or(TSimd.And(TSimd.ShiftRight(v1, 6), pair), TSimd.And(TSimd.ShiftRight(v2, 5), high));
    }
}
