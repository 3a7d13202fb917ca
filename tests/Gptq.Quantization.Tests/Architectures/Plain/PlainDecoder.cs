using System.Text.Json;

namespace Gptq.Quantization.Tests.Architectures.Plain;

/// <summary>
/// The families' forward passes once more, plainly, in double precision, for one text without padding or cache: what graphs are held against
/// where no reference implementation is at hand.
/// </summary>
internal abstract class PlainDecoder(PlainConfig config, Func<string, double[]> tensor)
{
    protected PlainConfig Config => config;

    /// <summary>The decoder of a config.json, with tensors by their names in the checkpoint.</summary>
    public static PlainDecoder Create(string json, Func<string, double[]> tensor)
    {
        using var document = JsonDocument.Parse(json);
        var config = new PlainConfig(document.RootElement.Clone());
        return config.Type switch
        {
            "opt" => new PlainOpt(config, tensor),
            "bloom" => new PlainBloom(config, tensor),
            "gpt2" => new PlainGpt2(config, tensor),
            "gpt_neox" => new PlainGptNeoX(config, tensor),
            _ => new PlainLlama(config, tensor),
        };
    }

    /// <summary>[tokens · vocabulary].</summary>
    /// <param name="ids">Tokens.</param>
    /// <param name="lengths">How long the text was when each token was computed: for all of them the whole, unless they came one by one.</param>
    public double[] Logits(int[] ids, int[]? lengths = null) =>
        [.. Run(ids, lengths ?? [.. ids.Select(_ => ids.Length)]).SelectMany(row => row)];

    protected abstract double[][] Run(int[] ids, int[] lengths);

    protected double[] Tensor(string name) => tensor(name);

    protected double[][] Rows(string name, IEnumerable<int> rows, int width) => [.. rows.Select(row => tensor(name)[(row * width)..((row + 1) * width)])];

    /// <summary>x·Wᵀ + b for a weight [out, in].</summary>
    protected double[][] Linear(double[][] x, string name, bool bias, string? weight = null)
    {
        var (w, b) = (tensor(weight ?? name + ".weight"), bias ? tensor(name + ".bias") : null);
        return Product(x, w.Length / x[0].Length, (row, column) => w[(column * x[0].Length) + row], b);
    }

    /// <summary>x·W + b for a weight [in, out].</summary>
    protected double[][] Conv1D(double[][] x, string name)
    {
        var (w, b) = (tensor(name + ".weight"), tensor(name + ".bias"));
        return Product(x, b.Length, (row, column) => w[(row * b.Length) + column], b);
    }

    protected double[][] LayerNorm(double[][] x, string name, double epsilon, bool affine = true) =>
        PlainMath.LayerNorm(x, affine ? tensor(name + ".weight") : null, affine ? tensor(name + ".bias") : null, epsilon);

    /// <summary>[heads][q, k, v][dimension] taken apart.</summary>
    protected static (double[][] Query, double[][] Key, double[][] Value) Fused(double[][] x, int heads, int dimension)
    {
        double[][] Part(int part) =>
            [.. x.Select(row => Enumerable.Range(0, heads).SelectMany(head => row.Skip(((head * 3) + part) * dimension).Take(dimension)).ToArray())];
        return (Part(0), Part(1), Part(2));
    }

    private static double[][] Product(double[][] x, int columns, Func<int, int, double> weight, double[]? bias) => [.. x.Select(row =>
        Enumerable.Range(0, columns).Select(column => row.Select((value, i) => value * weight(i, column)).Sum() + (bias?[column] ?? 0)).ToArray())];
}
