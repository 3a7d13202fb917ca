using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gptq.Numerics.Tiles;

/// <summary>The tile as four parts of 4 rows and three AVX2 vectors each, which take 12 of the 16 registers.</summary>
internal sealed unsafe class Avx2TileKernel : TileKernel
{
    private const int Lanes = 8;

    public override bool IsSupported => Avx2.IsSupported && Fma.IsSupported;

    public override void Multiply(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update)
    {
        for (var n = 0; n < Columns; n += 3 * Lanes)
            for (var m = 0; m < Rows; m += 4)
                MultiplyPart(depth, a + m, aStride, b + n, bStride, c + (m * cStride) + n, cStride, update);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPart(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update)
    {
        // The tile of C is far away: fetch it while the registers fill.
        for (nint row = 0; row < 4; row++)
        {
            Sse.Prefetch0(c + (row * cStride));
            Sse.Prefetch0(c + (row * cStride) + (2 * Lanes));
        }
        Vector256<float> c0x = default, c0y = default, c0z = default;
        Vector256<float> c1x = default, c1y = default, c1z = default;
        Vector256<float> c2x = default, c2y = default, c2z = default;
        Vector256<float> c3x = default, c3y = default, c3z = default;
        for (nint k = 0; k < depth; k++)
        {
            var bx = Vector256.Load(b);
            var by = Vector256.Load(b + Lanes);
            var bz = Vector256.Load(b + (2 * Lanes));
            var value = Vector256.Create(a[0]);
            c0x = Fma.MultiplyAdd(bx, value, c0x);
            c0y = Fma.MultiplyAdd(by, value, c0y);
            c0z = Fma.MultiplyAdd(bz, value, c0z);
            value = Vector256.Create(a[1]);
            c1x = Fma.MultiplyAdd(bx, value, c1x);
            c1y = Fma.MultiplyAdd(by, value, c1y);
            c1z = Fma.MultiplyAdd(bz, value, c1z);
            value = Vector256.Create(a[2]);
            c2x = Fma.MultiplyAdd(bx, value, c2x);
            c2y = Fma.MultiplyAdd(by, value, c2y);
            c2z = Fma.MultiplyAdd(bz, value, c2z);
            value = Vector256.Create(a[3]);
            c3x = Fma.MultiplyAdd(bx, value, c3x);
            c3y = Fma.MultiplyAdd(by, value, c3y);
            c3z = Fma.MultiplyAdd(bz, value, c3z);
            a += aStride;
            b += bStride;
        }
        Store(c, c0x, c0y, c0z, update);
        Store(c + cStride, c1x, c1y, c1z, update);
        Store(c + (2 * cStride), c2x, c2y, c2z, update);
        Store(c + (3 * cStride), c3x, c3y, c3z, update);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector256<float> x, Vector256<float> y, Vector256<float> z, TileUpdate update)
    {
        if (update != TileUpdate.Set)
        {
            var add = update == TileUpdate.Add;
            x = add ? Vector256.Load(c) + x : Vector256.Load(c) - x;
            y = add ? Vector256.Load(c + Lanes) + y : Vector256.Load(c + Lanes) - y;
            z = add ? Vector256.Load(c + (2 * Lanes)) + z : Vector256.Load(c + (2 * Lanes)) - z;
        }
        x.Store(c);
        y.Store(c + Lanes);
        z.Store(c + (2 * Lanes));
    }
}
