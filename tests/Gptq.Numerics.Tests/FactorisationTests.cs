using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Tests;

public sealed unsafe class FactorisationTests
{
    private static readonly ParallelOptions Default = new();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(48)]
    [InlineData(49)]
    [InlineData(100)]
    [InlineData(192)]
    [InlineData(401)]
    public void TheFactorMultipliedGivesTheMatrix(int size)
    {
        var h = RandomMatrix.PositiveDefinite(size, 1);
        var r = h.ToArray();
        fixed (float* pinned = r) Assert.True(ReverseCholesky.TryFactor(TileKernels.Best, pinned, size, size, Default));
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                if (j > i) Assert.Equal(h[(i * size) + j], r[(i * size) + j]); // the upper triangle stays
                var sum = 0.0;
                for (var k = Math.Max(i, j); k < size; k++) sum += (double)r[(k * size) + i] * r[(k * size) + j];
                Assert.Equal(h[(i * size) + j], sum, 1e-5 * size);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(48)]
    [InlineData(50)]
    [InlineData(193)]
    [InlineData(401)]
    public void TheInverseMultipliedGivesTheIdentity(int size)
    {
        var l = RandomMatrix.PositiveDefinite(size, 2);
        fixed (float* pinned = l) ReverseCholesky.TryFactor(TileKernels.Best, pinned, size, size, Default);
        var inverse = l.ToArray();
        fixed (float* pinned = inverse) TriangularInverse.InvertLower(TileKernels.Best, pinned, size, size, Default);
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                if (j > i) Assert.Equal(l[(i * size) + j], inverse[(i * size) + j]);
                var sum = 0.0;
                for (var k = j; k <= i; k++) sum += (double)l[(i * size) + k] * inverse[(k * size) + j];
                Assert.Equal(i == j ? 1 : 0, sum, 1e-4);
            }
        }
    }

    [Fact]
    public void GiveTheSameBitsForAnyThreadsAndKernel()
    {
        const int Size = 301;
        var h = RandomMatrix.PositiveDefinite(Size, 3);
        float[]? expected = null;
        foreach (var kernel in TileKernels.All.Where(kernel => kernel.IsSupported))
        {
            foreach (var threads in new[] { 1, 2, 7 })
            {
                var m = h.ToArray();
                var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
                fixed (float* pinned = m)
                {
                    Assert.True(ReverseCholesky.TryFactor(kernel, pinned, Size, Size, options));
                    TriangularInverse.InvertLower(kernel, pinned, Size, Size, options);
                }
                expected ??= m;
                Assert.Equal(expected, m);
            }
        }
    }

    [Theory]
    [InlineData(-1f)]
    [InlineData(0f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void SaysWhenThereIsNoFactor(float pivot)
    {
        foreach (var at in new[] { 0, 60, 299 })
        {
            var h = new float[300 * 300];
            for (var i = 0; i < 300; i++) h[(i * 300) + i] = 1;
            h[(at * 300) + at] = pivot;
            fixed (float* pinned = h) Assert.False(ReverseCholesky.TryFactor(TileKernels.Best, pinned, 300, 300, Default));
        }
    }
}
