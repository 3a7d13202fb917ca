using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Tests;

public sealed unsafe class GemmTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 2)]
    [InlineData(8, 48, 192)]
    [InlineData(50, 97, 193)]
    [InlineData(131, 200, 400)]
    public void MultipliesOddSizes(int rows, int columns, int depth)
    {
        var a = RandomMatrix.Uniform(rows, depth, 1);
        var b = RandomMatrix.Uniform(depth, columns, 2);
        var c = RandomMatrix.Uniform(rows, columns, 3);
        var transposed = new float[b.Length];
        for (var k = 0; k < depth; k++)
            for (var n = 0; n < columns; n++) transposed[(n * depth) + k] = b[(k * columns) + n];

        Gemm.Multiply(rows, columns, depth, a, b, false, c);
        for (var m = 0; m < rows; m++)
        {
            for (var n = 0; n < columns; n++)
            {
                var expected = 0.0;
                for (var k = 0; k < depth; k++) expected += (double)a[(m * depth) + k] * b[(k * columns) + n];
                Assert.Equal(expected, c[(m * columns) + n], 1e-4);
            }
        }

        var other = new float[c.Length];
        Gemm.Multiply(rows, columns, depth, a, transposed, true, other);
        Assert.Equal(c, other);
    }

    [Fact]
    public void GivesTheSameBitsForAnyThreadsAndKernel()
    {
        const int Rows = 107, Columns = 205, Depth = 400;
        var a = RandomMatrix.Uniform(Rows, Depth, 1);
        var b = RandomMatrix.Uniform(Depth, Columns, 2);
        var expected = new float[Rows * Columns];
        Gemm.Multiply(Rows, Columns, Depth, a, b, false, expected, new ParallelOptions { MaxDegreeOfParallelism = 1 });
        foreach (var kernel in TileKernels.All.Where(kernel => kernel.IsSupported))
        {
            foreach (var threads in new[] { 1, 2, 7 })
            {
                var c = new float[Rows * Columns];
                fixed (float* aPinned = a, bPinned = b, cPinned = c)
                {
                    Gemm.Multiply(
                        kernel, Rows, Columns, Depth, aPinned, Depth, bPinned, Columns, false, cPinned, Columns, new ParallelOptions { MaxDegreeOfParallelism = threads });
                }
                Assert.Equal(expected, c);
            }
        }
    }

    [Fact]
    public void AProductOverNothingIsZero()
    {
        var c = new float[] { 1, 2, 3, 4 };
        Gemm.Multiply(2, 2, 0, [], [], false, c);
        Assert.Equal(new float[4], c);
    }

    [Fact]
    public void RefusesShortSpans() =>
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(2, 2, 2, new float[3], new float[4], false, new float[4]));

    [Fact]
    public void CanBeCancelled()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Gemm.Multiply(
            100, 100, 10, new float[1000], new float[1000], false, new float[10_000], new ParallelOptions { CancellationToken = source.Token }));
    }
}
