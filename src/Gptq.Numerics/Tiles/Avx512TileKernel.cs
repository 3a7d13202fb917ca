using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gptq.Numerics.Tiles;

/// <summary>The tile in 24 of AVX-512's 32 registers: 8 rows of three vectors.</summary>
internal sealed unsafe class Avx512TileKernel : TileKernel
{
    private const int Lanes = 16;

    public override bool IsSupported => Avx512F.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Multiply(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update)
    {
        // The tile of C is far away: fetch it while the registers fill.
        for (nint row = 0; row < Rows; row++)
        {
            Sse.Prefetch0(c + (row * cStride));
            Sse.Prefetch0(c + (row * cStride) + Lanes);
            Sse.Prefetch0(c + (row * cStride) + (2 * Lanes));
        }
        Vector512<float> c0x = default, c0y = default, c0z = default;
        Vector512<float> c1x = default, c1y = default, c1z = default;
        Vector512<float> c2x = default, c2y = default, c2z = default;
        Vector512<float> c3x = default, c3y = default, c3z = default;
        Vector512<float> c4x = default, c4y = default, c4z = default;
        Vector512<float> c5x = default, c5y = default, c5z = default;
        Vector512<float> c6x = default, c6y = default, c6z = default;
        Vector512<float> c7x = default, c7y = default, c7z = default;
        for (nint k = 0; k < depth; k++)
        {
            var bx = Vector512.Load(b);
            var by = Vector512.Load(b + Lanes);
            var bz = Vector512.Load(b + (2 * Lanes));
            var value = Vector512.Create(a[0]);
            c0x = Avx512F.FusedMultiplyAdd(bx, value, c0x);
            c0y = Avx512F.FusedMultiplyAdd(by, value, c0y);
            c0z = Avx512F.FusedMultiplyAdd(bz, value, c0z);
            value = Vector512.Create(a[1]);
            c1x = Avx512F.FusedMultiplyAdd(bx, value, c1x);
            c1y = Avx512F.FusedMultiplyAdd(by, value, c1y);
            c1z = Avx512F.FusedMultiplyAdd(bz, value, c1z);
            value = Vector512.Create(a[2]);
            c2x = Avx512F.FusedMultiplyAdd(bx, value, c2x);
            c2y = Avx512F.FusedMultiplyAdd(by, value, c2y);
            c2z = Avx512F.FusedMultiplyAdd(bz, value, c2z);
            value = Vector512.Create(a[3]);
            c3x = Avx512F.FusedMultiplyAdd(bx, value, c3x);
            c3y = Avx512F.FusedMultiplyAdd(by, value, c3y);
            c3z = Avx512F.FusedMultiplyAdd(bz, value, c3z);
            value = Vector512.Create(a[4]);
            c4x = Avx512F.FusedMultiplyAdd(bx, value, c4x);
            c4y = Avx512F.FusedMultiplyAdd(by, value, c4y);
            c4z = Avx512F.FusedMultiplyAdd(bz, value, c4z);
            value = Vector512.Create(a[5]);
            c5x = Avx512F.FusedMultiplyAdd(bx, value, c5x);
            c5y = Avx512F.FusedMultiplyAdd(by, value, c5y);
            c5z = Avx512F.FusedMultiplyAdd(bz, value, c5z);
            value = Vector512.Create(a[6]);
            c6x = Avx512F.FusedMultiplyAdd(bx, value, c6x);
            c6y = Avx512F.FusedMultiplyAdd(by, value, c6y);
            c6z = Avx512F.FusedMultiplyAdd(bz, value, c6z);
            value = Vector512.Create(a[7]);
            c7x = Avx512F.FusedMultiplyAdd(bx, value, c7x);
            c7y = Avx512F.FusedMultiplyAdd(by, value, c7y);
            c7z = Avx512F.FusedMultiplyAdd(bz, value, c7z);
            a += aStride;
            b += bStride;
        }
        Store(c, c0x, c0y, c0z, update);
        Store(c + cStride, c1x, c1y, c1z, update);
        Store(c + (2 * cStride), c2x, c2y, c2z, update);
        Store(c + (3 * cStride), c3x, c3y, c3z, update);
        Store(c + (4 * cStride), c4x, c4y, c4z, update);
        Store(c + (5 * cStride), c5x, c5y, c5z, update);
        Store(c + (6 * cStride), c6x, c6y, c6z, update);
        Store(c + (7 * cStride), c7x, c7y, c7z, update);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> x, Vector512<float> y, Vector512<float> z, TileUpdate update)
    {
        if (update != TileUpdate.Set)
        {
            var add = update == TileUpdate.Add;
            x = add ? Vector512.Load(c) + x : Vector512.Load(c) - x;
            y = add ? Vector512.Load(c + Lanes) + y : Vector512.Load(c + Lanes) - y;
            z = add ? Vector512.Load(c + (2 * Lanes)) + z : Vector512.Load(c + (2 * Lanes)) - z;
        }
        x.Store(c);
        y.Store(c + Lanes);
        z.Store(c + (2 * Lanes));
    }
}
