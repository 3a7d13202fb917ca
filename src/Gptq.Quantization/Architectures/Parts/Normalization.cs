using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Normalization over the last dimension.</summary>
internal static class Normalization
{
    /// <summary>Layer normalization: (x − mean) / √(variance + ε) · weight + bias.</summary>
    /// <param name="forward">The graph.</param>
    /// <param name="name">The module's name in the checkpoint.</param>
    /// <param name="value">The value.</param>
    /// <param name="size">The last extent.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="affine">Whether the checkpoint has weight and bias; else 1 and 0.</param>
    public static string LayerNorm(this Forward forward, string name, string value, int size, double epsilon, bool affine = true)
    {
        var graph = forward.Graph;
        using var scope = forward.Scope(name);
        string[] operands = affine
            ? [value, forward.Parameter(name + ".weight", size), forward.Parameter(name + ".bias", size)]
            : [value, forward.Once($"ones {size}", () => forward.Constant($"ones {size}", Ones(size), size))];
        return graph.Node("LayerNormalization", operands, Attributes.Int("axis", -1), Attributes.Float("epsilon", (float)epsilon));
    }

    /// <summary>Root-mean-square normalization: x / √(mean(x²) + ε) · weight.</summary>
    /// <param name="forward">The graph.</param>
    /// <param name="name">The module's name in the checkpoint.</param>
    /// <param name="value">The value.</param>
    /// <param name="size">The last extent.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="offset">What is added to the weight: 1 in Gemma, which stores the difference from 1.</param>
    public static string RmsNorm(this Forward forward, string name, string value, int size, double epsilon, float offset = 0)
    {
        var graph = forward.Graph;
        using var scope = forward.Scope(name);
        var squares = graph.Mul(value, value);
        var mean = graph.Node("ReduceMean", [squares, graph.Constant(-1)], Attributes.Int("keepdims", 1));
        var root = graph.Node("Sqrt", [graph.Add(mean, graph.Scalar((float)epsilon))]);
        var weight = forward.Parameter(name + ".weight", size);
        if (offset != 0)
            weight = graph.Add(weight, graph.Scalar(offset));
        return graph.Mul(graph.Div(value, root), weight);
    }

    private static float[] Ones(int size)
    {
        var values = new float[size];
        Array.Fill(values, 1);
        return values;
    }
}
