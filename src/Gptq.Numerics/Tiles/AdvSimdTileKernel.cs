using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Gptq.Numerics.Tiles;

/// <summary>The tile as four parts of 8 rows and three AdvSimd vectors each, which take 24 of the 32 registers.</summary>
internal sealed unsafe class AdvSimdTileKernel : TileKernel
{
    private const int Lanes = 4;

    public override bool IsSupported => AdvSimd.IsSupported;

    public override void Multiply(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update)
    {
        for (var n = 0; n < Columns; n += 3 * Lanes)
            MultiplyPart(depth, a, aStride, b + n, bStride, c + n, cStride, update);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPart(nint depth, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, TileUpdate update)
    {
        Vector128<float> c0x = default, c0y = default, c0z = default;
        Vector128<float> c1x = default, c1y = default, c1z = default;
        Vector128<float> c2x = default, c2y = default, c2z = default;
        Vector128<float> c3x = default, c3y = default, c3z = default;
        Vector128<float> c4x = default, c4y = default, c4z = default;
        Vector128<float> c5x = default, c5y = default, c5z = default;
        Vector128<float> c6x = default, c6y = default, c6z = default;
        Vector128<float> c7x = default, c7y = default, c7z = default;
        for (nint k = 0; k < depth; k++)
        {
            var bx = Vector128.Load(b);
            var by = Vector128.Load(b + Lanes);
            var bz = Vector128.Load(b + (2 * Lanes));
            var value = Vector128.Create(a[0]);
            c0x = AdvSimd.FusedMultiplyAdd(c0x, bx, value);
            c0y = AdvSimd.FusedMultiplyAdd(c0y, by, value);
            c0z = AdvSimd.FusedMultiplyAdd(c0z, bz, value);
            value = Vector128.Create(a[1]);
            c1x = AdvSimd.FusedMultiplyAdd(c1x, bx, value);
            c1y = AdvSimd.FusedMultiplyAdd(c1y, by, value);
            c1z = AdvSimd.FusedMultiplyAdd(c1z, bz, value);
            value = Vector128.Create(a[2]);
            c2x = AdvSimd.FusedMultiplyAdd(c2x, bx, value);
            c2y = AdvSimd.FusedMultiplyAdd(c2y, by, value);
            c2z = AdvSimd.FusedMultiplyAdd(c2z, bz, value);
            value = Vector128.Create(a[3]);
            c3x = AdvSimd.FusedMultiplyAdd(c3x, bx, value);
            c3y = AdvSimd.FusedMultiplyAdd(c3y, by, value);
            c3z = AdvSimd.FusedMultiplyAdd(c3z, bz, value);
            value = Vector128.Create(a[4]);
            c4x = AdvSimd.FusedMultiplyAdd(c4x, bx, value);
            c4y = AdvSimd.FusedMultiplyAdd(c4y, by, value);
            c4z = AdvSimd.FusedMultiplyAdd(c4z, bz, value);
            value = Vector128.Create(a[5]);
            c5x = AdvSimd.FusedMultiplyAdd(c5x, bx, value);
            c5y = AdvSimd.FusedMultiplyAdd(c5y, by, value);
            c5z = AdvSimd.FusedMultiplyAdd(c5z, bz, value);
            value = Vector128.Create(a[6]);
            c6x = AdvSimd.FusedMultiplyAdd(c6x, bx, value);
            c6y = AdvSimd.FusedMultiplyAdd(c6y, by, value);
            c6z = AdvSimd.FusedMultiplyAdd(c6z, bz, value);
            value = Vector128.Create(a[7]);
            c7x = AdvSimd.FusedMultiplyAdd(c7x, bx, value);
            c7y = AdvSimd.FusedMultiplyAdd(c7y, by, value);
            c7z = AdvSimd.FusedMultiplyAdd(c7z, bz, value);
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
    private static void Store(float* c, Vector128<float> x, Vector128<float> y, Vector128<float> z, TileUpdate update)
    {
        if (update != TileUpdate.Set)
        {
            var add = update == TileUpdate.Add;
            x = add ? Vector128.Load(c) + x : Vector128.Load(c) - x;
            y = add ? Vector128.Load(c + Lanes) + y : Vector128.Load(c + Lanes) - y;
            z = add ? Vector128.Load(c + (2 * Lanes)) + z : Vector128.Load(c + (2 * Lanes)) - z;
        }
        x.Store(c);
        y.Store(c + Lanes);
        z.Store(c + (2 * Lanes));
    }
}
