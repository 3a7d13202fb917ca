using Gptq.Numerics.Dense;
using Gptq.Numerics.Tiles;

namespace Gptq.Numerics.Tests;

public sealed unsafe class StorageTests
{
    private static readonly ParallelOptions Default = new();

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(100)]
    public void StripsHoldTheColumnsOfTheTranspose(int size)
    {
        var stride = (int)Strips.Stride(size);
        using var storage = new AlignedBuffer(Strips.PaddedRows(size) * stride);
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++) storage.Data[(i * stride) + j] = (1000 * i) + j + 1;
        Strips.FromLower(storage.Data, stride, size, Default);
        for (var m = 0; m < size; m++)
        {
            for (var k = 0; k < size; k++)
                Assert.Equal(k <= m || k > (m | 7) ? (1000 * m) + k + 1 : 0, storage.Data[(m / 8 * 8 * stride) + (k * 8) + (m % 8)]);
        }
    }

    [Theory]
    [InlineData(8, 0, 8, 0, 8)]
    [InlineData(100, 0, 100, 0, 100)]
    [InlineData(100, 40, 64, 0, 40)]
    [InlineData(100, 40, 64, 64, 100)]
    [InlineData(100, 96, 100, 16, 100)]
    [InlineData(1100, 128, 400, 8, 1100)]
    public void ASymmetricMatrixIsReadBesideAFactor(int size, int from, int to, int termsFrom, int termsTo)
    {
        var stride = (int)Strips.Stride(size);
        using var storage = new AlignedBuffer(Strips.PaddedRows(size) * stride);
        var values = RandomMatrix.Uniform(size, size, 3);
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++) storage.Data[(i * stride) + j] = values[(i * size) + j];
        var matrix = new SymmetricStrips(storage.Data, stride, SymmetricStrips.TilesOf(storage.Data, stride, size));
        Strips.FromLower(storage.Data, stride, size, Default);
        var x = RandomMatrix.Uniform((size + 7) / 8 * 8, 48, 4);
        var product = new float[(to - from + 7) / 8 * 8 * 48];
        var panel = new float[SymmetricStrips.PanelElements];
        fixed (float* xPinned = x, productPinned = product, panelPinned = panel)
        {
            Span<nint> xs = [(nint)xPinned], products = [(nint)productPinned];
            matrix.Multiply((from, to), (termsFrom, termsTo), xs, products, TileUpdate.Set, panelPinned);
            matrix.Multiply((from, to), (termsFrom, termsFrom), xs, products, TileUpdate.Add, panelPinned);
        }
        for (var column = from; column < to; column += 3)
        {
            for (var lane = 0; lane < 48; lane += 5)
            {
                var sum = 0.0;
                for (var k = termsFrom; k < termsTo; k++) sum += (double)values[(Math.Min(k, column) * size) + Math.Max(k, column)] * x[(k * 48) + lane];
                Assert.Equal(sum, product[((column - from) * 48) + lane], 1e-3);
            }
        }
    }

    [Fact]
    public void ATileIsTurnedRound()
    {
        var (tile, turned) = (RandomMatrix.Uniform(8, 8, 5), new float[64]);
        fixed (float* source = tile, destination = turned) TileTranspose.Run(source, destination);
        for (var i = 0; i < 8; i++)
            for (var j = 0; j < 8; j++) Assert.Equal(tile[(i * 8) + j], turned[(j * 8) + i]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(130)]
    public void PermutingMovesRowsAndColumns(int size)
    {
        var matrix = RandomMatrix.Uniform(size, size, 1);
        var order = Enumerable.Range(0, size).ToArray();
        new Random(2).Shuffle(order);
        var permuted = matrix.ToArray();
        fixed (float* pinned = permuted) SymmetricMatrix.Permute(pinned, size, order, Default);
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++) Assert.Equal(matrix[(order[i] * size) + order[j]], permuted[(i * size) + j]);
    }

    [Fact]
    public void TrianglesAreMirrored()
    {
        const int Size = 150;
        var matrix = RandomMatrix.Uniform(Size, Size, 1);
        var (upper, lower) = (matrix.ToArray(), matrix.ToArray());
        fixed (float* pinned = upper) SymmetricMatrix.CopyLowerToUpper(pinned, Size, Size, Default);
        fixed (float* pinned = lower) SymmetricMatrix.CopyUpperToLower(pinned, Size, Size, Default);
        for (var i = 0; i < Size; i++)
        {
            for (var j = 0; j < Size; j++)
            {
                Assert.Equal(matrix[(Math.Max(i, j) * Size) + Math.Min(i, j)], upper[(i * Size) + j]);
                Assert.Equal(matrix[(Math.Min(i, j) * Size) + Math.Max(i, j)], lower[(i * Size) + j]);
            }
        }
    }

    [Fact]
    public void ABufferIsZeroAlignedAndGoneAfterDisposal()
    {
        foreach (var length in new long[] { 1, 1000, 3 << 20 })
        {
            var buffer = new AlignedBuffer(length);
            Assert.Equal(0, (nint)buffer.Data % 64);
            Assert.Equal(0, buffer.Slice(length - 1, 1)[0]);
            Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(length, 1).Length);
            buffer.Dispose();
            buffer.Dispose();
            Assert.Throws<ObjectDisposedException>(() => buffer.Slice(0, 1).Length);
        }
    }
}
