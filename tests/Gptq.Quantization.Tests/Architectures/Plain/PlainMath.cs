namespace Gptq.Quantization.Tests.Architectures.Plain;

/// <summary>The functions of a decoder in double precision, as the papers write them; a value is [tokens][features].</summary>
internal static class PlainMath
{
    public static double[][] Map(double[][] x, Func<double, double> f) => [.. x.Select(row => row.Select(f).ToArray())];

    public static double[][] Add(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p + q).ToArray())];

    public static double[][] Multiply(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p * q).ToArray())];

    public static double[][] Columns(double[][] x, int from, int count) => [.. x.Select(row => row[from..(from + count)])];

    public static double[][] LayerNorm(double[][] x, double[]? weight, double[]? bias, double epsilon) => [.. x.Select(row =>
    {
        var mean = row.Average();
        var deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + epsilon);
        return row.Select((value, i) => ((value - mean) / deviation * (weight?[i] ?? 1)) + (bias?[i] ?? 0)).ToArray();
    })];

    public static double[] RmsNorm(double[] row, double[] weight, double epsilon, double offset = 0)
    {
        var root = Math.Sqrt(row.Average(value => value * value) + epsilon);
        return [.. row.Select((value, i) => value / root * (weight[i] + offset))];
    }

    public static Func<double, double> Activation(string name) => name switch
    {
        "relu" => x => Math.Max(x, 0),
        "gelu" => x => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        "quick_gelu" => x => x / (1 + Math.Exp(-1.702 * x)),
        "silu" or "swish" => x => x / (1 + Math.Exp(-x)),
        "tanh" => Math.Tanh,
        _ => throw new ArgumentException(name),
    };

    // 2/√π · Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), which converges fast for the small values of a test.
    private static double Erf(double x)
    {
        double term = x, sum = x;
        for (var n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }
        return Math.Abs(x) > 5 ? Math.Sign(x) : 2 / Math.Sqrt(Math.PI) * sum;
    }
}
