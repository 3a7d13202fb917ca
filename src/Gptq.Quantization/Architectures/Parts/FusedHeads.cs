using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>Takes apart a fused projection in which each head's query, key and value stand together: [heads][q, k, v][dimension].</summary>
internal static class FusedHeads
{
    public static (string Query, string Key, string Value) Split(GraphBuilder graph, string fused, int heads, int dimension)
    {
        var parts = graph.Split(graph.Reshape(fused, 0, 0, heads, 3 * dimension), -1, dimension, dimension, dimension);
        string Flat(string part) => graph.Reshape(part, 0, 0, heads * dimension);
        return (Flat(parts[0]), Flat(parts[1]), Flat(parts[2]));
    }
}
