using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>128-bit vectors: ARM's AdvSimd, with its dot product where there is one, and whatever else .NET has such vectors for.</summary>
internal readonly unsafe struct Simd128 : ISimd<Vector128<byte>, Vector128<int>, Vector128<float>>
{
    public static bool IsSupported => Vector128.IsHardwareAccelerated;

    public static int Rows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(byte* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector128<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Fill(byte value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> And(Vector128<byte> left, Vector128<byte> right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Or(Vector128<byte> left, Vector128<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftRight(Vector128<byte> value, int count) => (value.AsUInt16() >> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Fill(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Fill(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(
        Vector128<int> sum,
        Vector128<byte> c0,
        Vector128<byte> c1,
        Vector128<byte> c2,
        Vector128<byte> c3,
        Vector128<byte> c4,
        Vector128<byte> c5,
        Vector128<byte> c6,
        Vector128<byte> c7,
        sbyte* x)
    {
        sum = Quad(Quad(sum, c0, x), c1, x + 4);
        sum = Quad(Quad(sum, c2, x + 8), c3, x + 12);
        sum = Quad(Quad(sum, c4, x + 16), c5, x + 20);
        return Quad(Quad(sum, c6, x + 24), c7, x + 28);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> DotTwoLimbs(
        Vector128<int> sum,
        Vector128<byte> c0,
        Vector128<byte> c1,
        Vector128<byte> c2,
        Vector128<byte> c3,
        Vector128<byte> c4,
        Vector128<byte> c5,
        Vector128<byte> c6,
        Vector128<byte> c7,
        sbyte* x)
    {
        var high = Dot(Vector128<int>.Zero, c0, c1, c2, c3, c4, c5, c6, c7, x);
        return Dot(sum, c0, c1, c2, c3, c4, c5, c6, c7, x + 32) + (high << 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> DotWords(Vector128<int> sum, Vector128<byte> codes, short* x)
    {
        var words = codes.AsInt32();
        var low = Vector128.Create(0xFF);
        sum += ((words & low) * Vector128.Create((int)x[0])) + (((words >> 8) & low) * Vector128.Create((int)x[2]));
        return sum + (((words >> 16) & low) * Vector128.Create((int)x[1])) + ((words >>> 24) * Vector128.Create((int)x[3]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplySubtract(Vector128<int> left, Vector128<int> right, int factor) =>
        left - (right * Vector128.Create(factor));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToFloat(Vector128<int> value) => Vector128.ConvertToSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Center(Vector128<byte> codes, byte middle, bool areNibbles) => codes - Vector128.Create(middle);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> CodeToFloat(Vector128<byte> centered, int b, byte middle, bool areNibbles) =>
        Vector128.ConvertToSingle((centered.AsInt32() << (24 - (8 * b))) >> 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> left, Vector128<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) =>
        Vector128.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadScales(ushort* tileScales, int row)
    {
        var bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)(tileScales + row)).AsUInt16()).AsInt32();
        var magnitude = ((bits & Vector128.Create(0x7FFF)) << 13).AsSingle() * Vector128.Create(HalfBits.Rescale);
        return (magnitude.AsInt32() | ((bits & Vector128.Create(0x8000)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LoadZeroBytes(byte* tileZeros, int row) => Widen(*(uint*)(tileZeros + row));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LoadZeroNibbles(byte* tileZeros, int row) =>
        Widen((*(uint*)(tileZeros + (row % 8)) >> (row / 8 * 4)) & 0x0F0F0F0F);

    public static void Prefetch(byte* address)
    {
        // .NET has no prefetch for ARM; its processors follow the three streams of a tile by themselves.
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Widen(uint bytes) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(bytes).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Quad(Vector128<int> sum, Vector128<byte> codes, sbyte* x)
    {
        if (Dp.IsSupported)
        {
            return Dp.DotProduct(sum, codes.AsSByte(), Vector128.Create(*(int*)x).AsSByte());
        }

        var words = codes.AsInt32();
        var low = Vector128.Create(0xFF);
        sum += ((words & low) * Vector128.Create((int)x[0])) + (((words >> 8) & low) * Vector128.Create((int)x[1]));
        return sum + (((words >> 16) & low) * Vector128.Create((int)x[2])) + ((words >>> 24) * Vector128.Create((int)x[3]));
    }
}
