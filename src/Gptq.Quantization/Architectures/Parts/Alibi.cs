using System.Numerics;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>
/// ALiBi (arXiv 2108.12409): scores get the key's position times the head's slope. Along a row this differs from the distance to the query
/// by a constant only, which softmax does not see.
/// </summary>
internal static class Alibi
{
    /// <summary>[batch, heads, 1, past + sequence].</summary>
    public static string Emit(Forward forward, int heads) => forward.Once("alibi", () =>
    {
        var graph = forward.Graph;
        var positions = graph.Unsqueeze(graph.Cast(forward.PositionsOfAll(), ElementType.Float), 1, 2);
        var slopes = forward.Constant("alibi slopes", Slopes(heads), 1, heads, 1, 1);
        return graph.Mul(positions, slopes);
    });

    /// <summary>
    /// 2^(−8i/n) for n heads, i from 1, if n is a power of two; else those of the power of two below, then every other one of the power above.
    /// </summary>
    internal static float[] Slopes(int heads)
    {
        var below = 1 << BitOperations.Log2((uint)heads);
        return
        [
            .. Enumerable.Range(1, below).Select(i => (float)Math.Pow(2, -8.0 * i / below)),
            .. Enumerable.Range(0, heads - below).Select(i => (float)Math.Pow(2, -8.0 * ((2 * i) + 1) / (2 * below))),
        ];
    }
}
