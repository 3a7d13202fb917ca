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

    /// <summary>The metadata entry that is "1" where past and present may be one buffer.</summary>
    public const string SharedCache = "past_present_share_buffer";

    /// <summary>
    /// Writes model.onnx and model.onnx.data into a folder. Weights are streamed, one tensor at a time. Inputs input_ids, attention_mask,
    /// position_ids (where <see cref="Architecture.TakesPositionIds"/>) and past_key_values.N.key/value; outputs logits and
    /// present.N.key/value (<see cref="DecoderNames"/>). The past may be empty; padding is on the left.
    /// </summary>
    /// <remarks>
    /// Unless it is portable, the decoder takes several tokens behind a past for one sequence only (a limit of GroupQueryAttention), and past
    /// and present may be one buffer that is longer than the text.
    /// </remarks>
    /// <param name="architecture">The model.</param>
    /// <param name="directory">The folder; the two files must not be there.</param>
    /// <param name="linears">What linears become; null for float.</param>
    /// <param name="embeddings">What the table of token vectors becomes; null for float.</param>
    /// <param name="portable">Whether attention is standard ONNX, for any runtime, instead of ONNX Runtime's faster operators.</param>
    /// <param name="half">Whether attention and the cache are float16, for CUDA; then padding is on the right.</param>
    public static void Write(
        Architecture architecture, string directory, ILinearEmitter? linears = null, IEmbeddingEmitter? embeddings = null, bool portable = false,
        bool half = false)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        AttentionForm form = portable || !FusedAttention.Supports(architecture) ? new StandardAttention() : half ? new HalfAttention() : new FusedAttention();
        using var data = new ExternalDataWriter(Path.Combine(directory, DataFileName));
        var graph = new GraphBuilder(architecture.ModelType, data);
        var kept = new FloatEmitter(architecture);
        Emit(architecture, graph, linears ?? kept, embeddings ?? kept, form, half ? ElementType.Float16 : ElementType.Float);
        if (form is FusedAttention) graph.Metadata(SharedCache, "1");
        data.Flush();
        ModelFile.Save(graph.ToModel(), Path.Combine(directory, ModelFileName));
    }

    private static void Emit(
        Architecture architecture, GraphBuilder graph, ILinearEmitter linears, IEmbeddingEmitter embeddings, AttentionForm attention, ElementType cacheType)
    {
        var ids = graph.Input(DecoderNames.InputIds, ElementType.Int64, "batch_size", "sequence_length");
        var mask = graph.Input(DecoderNames.AttentionMask, ElementType.Int64, "batch_size", "total_sequence_length");
        var positions = architecture.TakesPositionIds
            ? graph.Input(DecoderNames.PositionIds, ElementType.Int64, "batch_size", "sequence_length")
            : null;
        var cache = new KeyValueCache(graph, architecture, cacheType);
        graph.Output(DecoderNames.Logits, ElementType.Float, "batch_size", "sequence_length", architecture.VocabularySize);
        var forward = new Forward
        {
            Graph = graph,
            Linears = linears,
            Embeddings = embeddings,
            Parameters = new ExternalParameters(architecture, graph),
            AttentionForm = attention,
            AttentionMask = mask,
            PositionIds = positions,
            Tokens = ids,
            Cache = cache,
        };
        var hidden = architecture.EmitEmbedding(forward, ids);
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            using var scope = graph.Scope(string.Create(CultureInfo.InvariantCulture, $"layers.{layer}"));
            hidden = architecture.EmitBlock(forward, layer, hidden);
        }

        graph.Rename(architecture.EmitHead(forward, hidden), DecoderNames.Logits);
    }
}
