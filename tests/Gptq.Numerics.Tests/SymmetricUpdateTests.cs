using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Tests;

public sealed unsafe class SymmetricUpdateTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 13)]
    [InlineData(192, 96)]
    [InlineData(500, 131)]
    public void AddsTheLowerTriangleOnly(int rows, int columns)
    {
        var x = RandomMatrix.Uniform(rows, columns, 1);
        var stride = columns + 3;
        var before = RandomMatrix.Uniform(columns, stride, 2);
        var c = before.ToArray();
        fixed (float* pinned = c) SymmetricUpdate.AddLower(x, rows, columns, pinned, stride);
        for (var i = 0; i < columns; i++)
        {
            for (var j = 0; j < stride; j++)
            {
                var expected = (double)before[(i * stride) + j];
                if (j <= i)
                    for (var k = 0; k < rows; k++) expected += (double)x[(k * columns) + i] * x[(k * columns) + j];
                Assert.Equal(expected, c[(i * stride) + j], j <= i ? 1e-3 : 0);
            }
        }
    }

    [Fact]
    public void GivesTheSameBitsForAnyThreadsAndKernel()
    {
        const int Rows = 400, Columns = 211;
        var x = RandomMatrix.Uniform(Rows, Columns, 1);
        float[]? expected = null;
        foreach (var kernel in TileKernels.All.Where(kernel => kernel.IsSupported))
        {
            foreach (var threads in new[] { 1, 2, 7 })
            {
                var c = new float[Columns * Columns];
                fixed (float* xPinned = x, cPinned = c)
                    SymmetricUpdate.AddLower(kernel, xPinned, Rows, Columns, cPinned, Columns, new ParallelOptions { MaxDegreeOfParallelism = threads });
                expected ??= c;
                Assert.Equal(expected, c);
            }
        }
    }
}
