using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>4 bits: two codes to a byte.</summary>
internal readonly unsafe struct Codes4 : ICodeFormat
{
    public static int Bits => 4;

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
        var nibble = TSimd.Fill((byte)15);
        var v0 = TSimd.Load(block);
        c0 = TSimd.And(v0, nibble);
        c1 = TSimd.And(TSimd.ShiftRight(v0, 4), nibble);
        var v1 = TSimd.Load(block + 64);
        c2 = TSimd.And(v1, nibble);
        c3 = TSimd.And(TSimd.ShiftRight(v1, 4), nibble);
        var v2 = TSimd.Load(block + 128);
        c4 = TSimd.And(v2, nibble);
        c5 = TSimd.And(TSimd.ShiftRight(v2, 4), nibble);
        var v3 = TSimd.Load(block + 192);
        c6 = TSimd.And(v3, nibble);
        c7 = TSimd.And(TSimd.ShiftRight(v3, 4), nibble);
    }
}
