using System.Globalization;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Parts;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>Writes the whole decoder: what ships.</summary>
public static class DecoderGraph
{
    /// <summary>The usual name of the model file.</summary>
    public const string ModelFileName = "model.onnx";

    /// <summary>The usual name of the weights' file.</summary>
    public const string DataFileName = "model.onnx.data";

    /// <summary>
    /// Writes model.onnx and model.onnx.data into a folder. Weights are streamed, one tensor at a time. Inputs input_ids, attention_mask,
    /// position_ids (where <see cref="Architecture.TakesPositionIds"/>) and past_key_values.N.key/value; outputs logits and
    /// present.N.key/value (<see cref="DecoderNames"/>). The past may be empty; padding is on the left.
    /// </summary>
    /// <param name="architecture">The model.</param>
    /// <param name="directory">The folder; the two files must not be there.</param>
    /// <param name="linears">What linears become; null for float.</param>
    /// <param name="embeddings">What the table of token vectors becomes; null for float.</param>
    public static void Write(
        Architecture architecture, string directory, ILinearEmitter? linears = null, IEmbeddingEmitter? embeddings = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        using var data = new ExternalDataWriter(Path.Combine(directory, DataFileName));
        var graph = new GraphBuilder(architecture.ModelType, data);
        var kept = new FloatEmitter(architecture);
        Emit(architecture, graph, linears ?? kept, embeddings ?? kept);
        data.Flush();
        ModelFile.Save(graph.ToModel(), Path.Combine(directory, ModelFileName));
    }

    private static void Emit(Architecture architecture, GraphBuilder graph, ILinearEmitter linears, IEmbeddingEmitter embeddings)
    {
        var ids = graph.Input(DecoderNames.InputIds, ElementType.Int64, "batch_size", "sequence_length");
        var mask = graph.Input(DecoderNames.AttentionMask, ElementType.Int64, "batch_size", "total_sequence_length");
        var positions = architecture.TakesPositionIds
            ? graph.Input(DecoderNames.PositionIds, ElementType.Int64, "batch_size", "sequence_length")
            : null;
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            graph.Input(DecoderNames.PastKey(layer), ElementType.Float, Cache(architecture, "past_sequence_length"));
            graph.Input(DecoderNames.PastValue(layer), ElementType.Float, Cache(architecture, "past_sequence_length"));
        }

        graph.Output(DecoderNames.Logits, ElementType.Float, "batch_size", "sequence_length", architecture.VocabularySize);
        var forward = new Forward
        {
            Graph = graph,
            Linears = linears,
            Embeddings = embeddings,
            Parameters = new ExternalParameters(architecture, graph),
            AttentionForm = new StandardAttention(),
            AttentionMask = mask,
            PositionIds = positions,
            Tokens = ids,
            Past = layer => (DecoderNames.PastKey(layer), DecoderNames.PastValue(layer)),
            Present = (layer, key, value) =>
            {
                graph.Rename(key, DecoderNames.PresentKey(layer));
                graph.Rename(value, DecoderNames.PresentValue(layer));
                graph.Output(DecoderNames.PresentKey(layer), ElementType.Float, Cache(architecture, "total_sequence_length"));
                graph.Output(DecoderNames.PresentValue(layer), ElementType.Float, Cache(architecture, "total_sequence_length"));
            },
        };
        var hidden = architecture.EmitEmbedding(forward, ids);
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            using var scope = graph.Scope(string.Create(CultureInfo.InvariantCulture, $"layers.{layer}"));
            hidden = architecture.EmitBlock(forward, layer, hidden);
        }

        graph.Rename(architecture.EmitHead(forward, hidden), DecoderNames.Logits);
    }

    private static Dimension[] Cache(Architecture architecture, string length) =>
        ["batch_size", architecture.KeyValueHeadCount, length, architecture.HeadDimension];
}
