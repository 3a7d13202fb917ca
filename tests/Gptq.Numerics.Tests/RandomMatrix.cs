namespace Gptq.Numerics.Tests;

/// <summary>Matrices to compute with.</summary>
internal static class RandomMatrix
{
    /// <summary>[rows, columns], values in [-1, 1).</summary>
    public static float[] Uniform(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows * columns).Select(_ => (random.NextSingle() * 2) - 1)];
    }

    /// <summary>XᵀX of a uniform X with two rows for each column, plus a little on the diagonal: well-conditioned.</summary>
    public static float[] PositiveDefinite(int size, int seed)
    {
        var x = Uniform(2 * size, size, seed);
        var product = new float[size * size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = i == j ? 0.1 * size : 0;
                for (var k = 0; k < 2 * size; k++) sum += (double)x[(k * size) + i] * x[(k * size) + j];
                product[(i * size) + j] = product[(j * size) + i] = (float)sum;
            }
        }
        return product;
    }
}
