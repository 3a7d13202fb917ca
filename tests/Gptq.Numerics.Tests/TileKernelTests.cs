using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Tests;

public sealed unsafe class TileKernelTests
{
    public static TheoryData<string> Supported => [.. TileKernels.All.Where(kernel => kernel.IsSupported).Select(kernel => kernel.GetType().Name)];

    internal static TileKernel Named(string name) => TileKernels.All.Single(kernel => kernel.GetType().Name == name);

    [Theory]
    [MemberData(nameof(Supported))]
    public void GivesTheBitsOfTheScalarTwin(string name)
    {
        foreach (var depth in new[] { 0, 1, 2, 7, 48, 191, 384, 401 })
        {
            foreach (var (aStride, bStride, cStride) in new[] { (8, 48, 48), (48, 96, 51), (11, 49, 64) })
            {
                foreach (var how in Enum.GetValues<TileUpdate>())
                    Assert.Equal(Product(new ScalarTileKernel(), how), Product(Named(name), how));

                float[] Product(TileKernel kernel, TileUpdate update)
                {
                    var a = RandomMatrix.Uniform(Math.Max(depth, 1), aStride, 1);
                    var b = RandomMatrix.Uniform(Math.Max(depth, 1), bStride, 2);
                    var c = RandomMatrix.Uniform(TileKernel.Rows, cStride, 3);
                    fixed (float* aPinned = a, bPinned = b, cPinned = c) kernel.Multiply(depth, aPinned, aStride, bPinned, bStride, cPinned, cStride, update);
                    return c;
                }
            }
        }
    }

    [Fact]
    public void TheScalarKernelIsAProduct()
    {
        const int Depth = 5;
        var a = RandomMatrix.Uniform(Depth, TileKernel.Rows, 1);
        var b = RandomMatrix.Uniform(Depth, TileKernel.Columns, 2);
        var before = RandomMatrix.Uniform(TileKernel.Rows, TileKernel.Columns, 3);
        foreach (var (update, old, sign) in new[] { (TileUpdate.Set, 0, 1), (TileUpdate.Add, 1, 1), (TileUpdate.Subtract, 1, -1) })
        {
            var c = before.ToArray();
            fixed (float* aPinned = a, bPinned = b, cPinned = c)
                new ScalarTileKernel().Multiply(Depth, aPinned, TileKernel.Rows, bPinned, TileKernel.Columns, cPinned, TileKernel.Columns, update);
            for (var m = 0; m < TileKernel.Rows; m++)
            {
                for (var n = 0; n < TileKernel.Columns; n++)
                {
                    var sum = Enumerable.Range(0, Depth).Sum(k => (double)a[(k * TileKernel.Rows) + m] * b[(k * TileKernel.Columns) + n]);
                    Assert.Equal((old * before[(m * TileKernel.Columns) + n]) + (sign * sum), c[(m * TileKernel.Columns) + n], 1e-5);
                }
            }
        }
    }

    [Fact]
    public void AnEdgeLeavesTheRestOfTheTileAlone()
    {
        var a = RandomMatrix.Uniform(4, TileKernel.Rows, 1);
        var b = RandomMatrix.Uniform(4, TileKernel.Columns, 2);
        var whole = new float[TileKernel.Rows * TileKernel.Columns];
        var part = new float[TileKernel.Rows * TileKernel.Columns];
        fixed (float* aPinned = a, bPinned = b, wholePinned = whole, partPinned = part)
        {
            TileKernels.Best.Multiply(4, aPinned, 8, bPinned, 48, wholePinned, 48, TileUpdate.Set);
            TileKernels.Best.MultiplyEdge(4, aPinned, 8, bPinned, 48, partPinned, 48, TileUpdate.Set, 3, 17);
        }
        for (var i = 0; i < whole.Length; i++) Assert.Equal(i / 48 < 3 && i % 48 < 17 ? whole[i] : 0, part[i]);
    }
}
