using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Gptq.Numerics.Packed.Kernels.Panels;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>AVX2 with FMA: a vector is half a tile. Sums of bytes come from AVX-VNNI where there is one.</summary>
internal readonly unsafe struct Simd256 : IPanelSimd<Vector256<byte>, Vector256<int>, Vector256<float>>
{
    public static bool IsSupported => Avx2.IsSupported && Fma.IsSupported;

    public static int Rows => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector256<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Fill(byte value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> And(Vector256<byte> left, Vector256<byte> right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Or(Vector256<byte> left, Vector256<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ShiftRight(Vector256<byte> value, int count) => (value.AsUInt16() >> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Fill(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Fill(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(
        Vector256<int> sum,
        Vector256<byte> c0,
        Vector256<byte> c1,
        Vector256<byte> c2,
        Vector256<byte> c3,
        Vector256<byte> c4,
        Vector256<byte> c5,
        Vector256<byte> c6,
        Vector256<byte> c7,
        sbyte* x) =>
        AvxVnni.IsSupported
            ? Quads(sum, c0, c1, c2, c3, c4, c5, c6, c7, x)
            : sum + Avx2.MultiplyAddAdjacent(Pairs(c0, c1, c2, c3, c4, c5, c6, c7, x), Vector256.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotTwoLimbs(
        Vector256<int> sum,
        Vector256<byte> c0,
        Vector256<byte> c1,
        Vector256<byte> c2,
        Vector256<byte> c3,
        Vector256<byte> c4,
        Vector256<byte> c5,
        Vector256<byte> c6,
        Vector256<byte> c7,
        sbyte* x)
    {
        if (AvxVnni.IsSupported)
        {
            var high = Quads(Vector256<int>.Zero, c0, c1, c2, c3, c4, c5, c6, c7, x);
            return Quads(sum, c0, c1, c2, c3, c4, c5, c6, c7, x + 32) + (high << 8);
        }

        return sum
            + Avx2.MultiplyAddAdjacent(Pairs(c0, c1, c2, c3, c4, c5, c6, c7, x), Vector256.Create((short)256))
            + Avx2.MultiplyAddAdjacent(Pairs(c0, c1, c2, c3, c4, c5, c6, c7, x + 32), Vector256.Create((short)1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotWords(Vector256<int> sum, Vector256<byte> codes, short* x)
    {
        var even = (codes.AsUInt16() & Vector256.Create((ushort)0xFF)).AsInt16();
        var odd = (codes.AsUInt16() >> 8).AsInt16();
        return sum + Avx2.MultiplyAddAdjacent(even, Vector256.Create(*(int*)x).AsInt16())
            + Avx2.MultiplyAddAdjacent(odd, Vector256.Create(*(int*)(x + 2)).AsInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> MultiplySubtract(Vector256<int> left, Vector256<int> right, int factor) =>
        left - (right * Vector256.Create(factor));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToFloat(Vector256<int> value) => Vector256.ConvertToSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Center(Vector256<byte> codes, byte middle, bool areNibbles) => codes - Vector256.Create(middle);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> CodeToFloat(Vector256<byte> centered, int b, byte middle, bool areNibbles) =>
        Vector256.ConvertToSingle((centered.AsInt32() << (24 - (8 * b))) >> 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> left, Vector256<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) =>
        Fma.MultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadScales(ushort* tileScales, int row)
    {
        var bits = Avx2.ConvertToVector256Int32(Vector128.Load(tileScales + row));
        var magnitude = ((bits & Vector256.Create(0x7FFF)) << 13).AsSingle() * Vector256.Create(HalfBits.Rescale);
        return (magnitude.AsInt32() | ((bits & Vector256.Create(0x8000)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LoadZeroBytes(byte* tileZeros, int row) =>
        Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(*(ulong*)(tileZeros + row)).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LoadZeroNibbles(byte* tileZeros, int row)
    {
        var nibbles = (*(ulong*)tileZeros >> (row / 2)) & HalfBits.LowNibbles;
        return Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(nibbles).AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address) => Sse.Prefetch0(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* destination, Vector256<byte> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> EvenWords(Vector256<byte> codes, Vector256<int> zero) =>
        ((codes.AsInt16() & Vector256.Create((short)0xFF)) - (zero | (zero << 16)).AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> OddWords(Vector256<byte> codes, Vector256<int> zero) =>
        ((codes.AsInt16() >>> 8) - (zero | (zero << 16)).AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FillPair(short* source) => Vector256.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> MultiplyAddWords(Vector256<int> sum, Vector256<byte> words, Vector256<byte> pair) =>
        sum + Avx2.MultiplyAddAdjacent(words.AsInt16(), pair.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FillFour(sbyte* source) => Vector256.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddBytes(Vector256<int> partial, Vector256<byte> codes, Vector256<byte> four) =>
        AvxVnni.IsSupported
            ? AvxVnni.MultiplyWideningAndAdd(partial, codes, four.AsSByte())
            : (partial.AsInt16() + Avx2.MultiplyAddAdjacent(codes, four.AsSByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> FinishBytes(Vector256<int> partial) =>
        AvxVnni.IsSupported ? partial : Avx2.MultiplyAddAdjacent(partial.AsInt16(), Vector256.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pairs(
        Vector256<byte> c0,
        Vector256<byte> c1,
        Vector256<byte> c2,
        Vector256<byte> c3,
        Vector256<byte> c4,
        Vector256<byte> c5,
        Vector256<byte> c6,
        Vector256<byte> c7,
        sbyte* x) =>
        ((Pair(c0, x) + Pair(c1, x + 4)) + (Pair(c2, x + 8) + Pair(c3, x + 12)))
        + ((Pair(c4, x + 16) + Pair(c5, x + 20)) + (Pair(c6, x + 24) + Pair(c7, x + 28)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pair(Vector256<byte> codes, sbyte* x) =>
        Avx2.MultiplyAddAdjacent(codes, Vector256.Create(*(int*)x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quads(
        Vector256<int> sum,
        Vector256<byte> c0,
        Vector256<byte> c1,
        Vector256<byte> c2,
        Vector256<byte> c3,
        Vector256<byte> c4,
        Vector256<byte> c5,
        Vector256<byte> c6,
        Vector256<byte> c7,
        sbyte* x)
    {
        sum = Quad(Quad(sum, c0, x), c1, x + 4);
        sum = Quad(Quad(sum, c2, x + 8), c3, x + 12);
        sum = Quad(Quad(sum, c4, x + 16), c5, x + 20);
        return Quad(Quad(sum, c6, x + 24), c7, x + 28);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quad(Vector256<int> sum, Vector256<byte> codes, sbyte* x) =>
        AvxVnni.MultiplyWideningAndAdd(sum, codes, Vector256.Create(*(int*)x).AsSByte());
}
