using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gptq.Numerics.Tiles;

/// <summary>Turns an 8 × 8 tile round: b[j, i] = a[i, j], both without gaps between rows.</summary>
internal static unsafe class TileTranspose
{
    private const int Size = TileKernel.Rows;

    /// <summary>Turns a tile.</summary>
    /// <param name="source">64 values.</param>
    /// <param name="destination">64 values elsewhere.</param>
    public static void Run(float* source, float* destination)
    {
        if (Avx.IsSupported)
        {
            RunAvx(source, destination);
            return;
        }
        for (var i = 0; i < Size; i++)
            for (var j = 0; j < Size; j++) destination[(j * Size) + i] = source[(i * Size) + j];
    }

    // Pairs of rows, then pairs of pairs, then the halves.
    private static void RunAvx(float* source, float* destination)
    {
        Vector256<float> Row(int row) => Vector256.Load(source + (row * Size));
        var (a0, a1) = (Avx.UnpackLow(Row(0), Row(1)), Avx.UnpackHigh(Row(0), Row(1)));
        var (a2, a3) = (Avx.UnpackLow(Row(2), Row(3)), Avx.UnpackHigh(Row(2), Row(3)));
        var (a4, a5) = (Avx.UnpackLow(Row(4), Row(5)), Avx.UnpackHigh(Row(4), Row(5)));
        var (a6, a7) = (Avx.UnpackLow(Row(6), Row(7)), Avx.UnpackHigh(Row(6), Row(7)));
        const byte Low = 0x44, High = 0xEE;
        var (b0, b1) = (Avx.Shuffle(a0, a2, Low), Avx.Shuffle(a0, a2, High));
        var (b2, b3) = (Avx.Shuffle(a1, a3, Low), Avx.Shuffle(a1, a3, High));
        var (b4, b5) = (Avx.Shuffle(a4, a6, Low), Avx.Shuffle(a4, a6, High));
        var (b6, b7) = (Avx.Shuffle(a5, a7, Low), Avx.Shuffle(a5, a7, High));
        const byte LowHalves = 0x20, HighHalves = 0x31;
        void Store(int row, Vector256<float> value) => value.Store(destination + (row * Size));
        Store(0, Avx.Permute2x128(b0, b4, LowHalves));
        Store(1, Avx.Permute2x128(b1, b5, LowHalves));
        Store(2, Avx.Permute2x128(b2, b6, LowHalves));
        Store(3, Avx.Permute2x128(b3, b7, LowHalves));
        Store(4, Avx.Permute2x128(b0, b4, HighHalves));
        Store(5, Avx.Permute2x128(b1, b5, HighHalves));
        Store(6, Avx.Permute2x128(b2, b6, HighHalves));
        Store(7, Avx.Permute2x128(b3, b7, HighHalves));
    }
}
