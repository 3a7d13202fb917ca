using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>A decoder's inputs and outputs for the keys and values of earlier tokens, [batch, kv heads, tokens, head dimension] for each layer.</summary>
internal sealed class KeyValueCache
{
    private readonly GraphBuilder _graph;
    private readonly Architecture _architecture;

    /// <summary>Declares the inputs of all layers.</summary>
    /// <param name="graph">The decoder.</param>
    /// <param name="architecture">The model.</param>
    /// <param name="type">What keys and values are kept in.</param>
    public KeyValueCache(GraphBuilder graph, Architecture architecture, ElementType type)
    {
        Type = type;
        _graph = graph;
        _architecture = architecture;
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            graph.Input(DecoderNames.PastKey(layer), type, Shape("past_sequence_length"));
            graph.Input(DecoderNames.PastValue(layer), type, Shape("past_sequence_length"));
        }
    }

    /// <summary>What keys and values are kept in.</summary>
    public ElementType Type { get; }

    /// <summary>The values that hold the keys and values of earlier tokens.</summary>
    public static (string Key, string Value) Past(int layer) => (DecoderNames.PastKey(layer), DecoderNames.PastValue(layer));

    /// <summary>Declares a layer's outputs. A node must write values of these names: the keys and values of all tokens.</summary>
    public (string Key, string Value) Present(int layer)
    {
        _graph.Output(DecoderNames.PresentKey(layer), Type, Shape("total_sequence_length"));
        _graph.Output(DecoderNames.PresentValue(layer), Type, Shape("total_sequence_length"));
        return (DecoderNames.PresentKey(layer), DecoderNames.PresentValue(layer));
    }

    private Dimension[] Shape(string length) => ["batch_size", _architecture.KeyValueHeadCount, length, _architecture.HeadDimension];
}
