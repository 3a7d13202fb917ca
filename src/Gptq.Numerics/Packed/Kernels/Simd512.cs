using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Gptq.Numerics.Packed.Kernels.Panels;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>AVX-512 BW: a vector is a whole tile.</summary>
internal readonly unsafe struct Simd512 : IPanelSimd<Vector512<byte>, Vector512<int>, Vector512<float>>
{
    public static bool IsSupported => Avx512BW.IsSupported;

    public static int Rows => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector512<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Fill(byte value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> And(Vector512<byte> left, Vector512<byte> right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Or(Vector512<byte> left, Vector512<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> ShiftRight(Vector512<byte> value, int count) => (value.AsUInt16() >> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Fill(int value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Fill(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Dot(
        Vector512<int> sum,
        Vector512<byte> c0,
        Vector512<byte> c1,
        Vector512<byte> c2,
        Vector512<byte> c3,
        Vector512<byte> c4,
        Vector512<byte> c5,
        Vector512<byte> c6,
        Vector512<byte> c7,
        sbyte* x) =>
        sum + Avx512BW.MultiplyAddAdjacent(Pairs(c0, c1, c2, c3, c4, c5, c6, c7, x), Vector512.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> DotTwoLimbs(
        Vector512<int> sum,
        Vector512<byte> c0,
        Vector512<byte> c1,
        Vector512<byte> c2,
        Vector512<byte> c3,
        Vector512<byte> c4,
        Vector512<byte> c5,
        Vector512<byte> c6,
        Vector512<byte> c7,
        sbyte* x)
    {
        var high = Pairs(c0, c1, c2, c3, c4, c5, c6, c7, x);
        var low = Pairs(c0, c1, c2, c3, c4, c5, c6, c7, x + 32);
        return sum + Avx512BW.MultiplyAddAdjacent(high, Vector512.Create((short)256))
            + Avx512BW.MultiplyAddAdjacent(low, Vector512.Create((short)1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> DotWords(Vector512<int> sum, Vector512<byte> codes, short* x)
    {
        var even = (codes.AsUInt16() & Vector512.Create((ushort)0xFF)).AsInt16();
        var odd = (codes.AsUInt16() >> 8).AsInt16();
        return sum + Avx512BW.MultiplyAddAdjacent(even, Vector512.Create(*(int*)x).AsInt16())
            + Avx512BW.MultiplyAddAdjacent(odd, Vector512.Create(*(int*)(x + 2)).AsInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplySubtract(Vector512<int> left, Vector512<int> right, int factor) =>
        left - (right * Vector512.Create(factor));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToFloat(Vector512<int> value) => Vector512.ConvertToSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Center(Vector512<byte> codes, byte middle, bool areNibbles) =>
        areNibbles ? codes : codes - Vector512.Create(middle);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> CodeToFloat(Vector512<byte> centered, int b, byte middle, bool areNibbles) =>
        areNibbles
            ? Avx512F.PermuteVar16x32(Numbers(middle), centered.AsInt32() >>> (8 * b))
            : Vector512.ConvertToSingle((centered.AsInt32() << (24 - (8 * b))) >> 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> left, Vector512<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) =>
        Avx512F.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadScales(ushort* tileScales, int row)
    {
        var bits = Avx512F.ConvertToVector512Int32(Vector256.Load(tileScales));
        var magnitude = ((bits & Vector512.Create(0x7FFF)) << 13).AsSingle() * Vector512.Create(HalfBits.Rescale);
        return (magnitude.AsInt32() | ((bits & Vector512.Create(0x8000)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> LoadZeroBytes(byte* tileZeros, int row) => Avx512F.ConvertToVector512Int32(Vector128.Load(tileZeros));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> LoadZeroNibbles(byte* tileZeros, int row)
    {
        var pairs = *(ulong*)tileZeros;
        return Avx512F.ConvertToVector512Int32(Vector128.Create(pairs & HalfBits.LowNibbles, (pairs >> 4) & HalfBits.LowNibbles).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address) => Sse.Prefetch0(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* destination, Vector512<byte> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> EvenWords(Vector512<byte> codes, Vector512<int> zero) =>
        ((codes.AsInt16() & Vector512.Create((short)0xFF)) - (zero | (zero << 16)).AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> OddWords(Vector512<byte> codes, Vector512<int> zero) =>
        ((codes.AsInt16() >>> 8) - (zero | (zero << 16)).AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> FillPair(short* source) => Vector512.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplyAddWords(Vector512<int> sum, Vector512<byte> words, Vector512<byte> pair) =>
        sum + Avx512BW.MultiplyAddAdjacent(words.AsInt16(), pair.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> FillFour(sbyte* source) => Vector512.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> AddBytes(Vector512<int> partial, Vector512<byte> codes, Vector512<byte> four) =>
        (partial.AsInt16() + Avx512BW.MultiplyAddAdjacent(codes, four.AsSByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> FinishBytes(Vector512<int> partial) =>
        Avx512BW.MultiplyAddAdjacent(partial.AsInt16(), Vector512.Create((short)1));

    /// <summary>0 … 15 less a middle: a permutation that looks at four bits of each index makes codes numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Numbers(byte middle) => middle switch
    {
        0 => Vector512.Create(0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        2 => Vector512.Create(-2f, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
        4 => Vector512.Create(-4f, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        _ => Vector512.Create(-8f, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Pairs(
        Vector512<byte> c0,
        Vector512<byte> c1,
        Vector512<byte> c2,
        Vector512<byte> c3,
        Vector512<byte> c4,
        Vector512<byte> c5,
        Vector512<byte> c6,
        Vector512<byte> c7,
        sbyte* x) =>
        ((Pair(c0, x) + Pair(c1, x + 4)) + (Pair(c2, x + 8) + Pair(c3, x + 12)))
        + ((Pair(c4, x + 16) + Pair(c5, x + 20)) + (Pair(c6, x + 24) + Pair(c7, x + 28)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Pair(Vector512<byte> codes, sbyte* x) =>
        Avx512BW.MultiplyAddAdjacent(codes, Vector512.Create(*(int*)x).AsSByte());
}
