using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>8 bits: a byte is a code.</summary>
internal readonly unsafe struct Codes8 : ICodeFormat
{
    public static int Bits => 8;

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
        c0 = TSimd.Load(block);
        c1 = TSimd.Load(block + 64);
        c2 = TSimd.Load(block + 128);
        c3 = TSimd.Load(block + 192);
        c4 = TSimd.Load(block + 256);
        c5 = TSimd.Load(block + 320);
        c6 = TSimd.Load(block + 384);
        c7 = TSimd.Load(block + 448);
    }
}
