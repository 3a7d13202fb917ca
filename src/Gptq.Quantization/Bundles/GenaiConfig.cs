using System.Text.Json.Nodes;

namespace Gptq.Quantization.Bundles;

/// <summary>genai_config.json: what ONNX Runtime GenAI, and Gptq.Runtime, need to know to run a model folder.</summary>
public sealed record GenaiConfig
{
    /// <summary>The graph's file name.</summary>
    public string FileName { get; init; } = "model.onnx";

    /// <summary>Tokens that the model can attend to.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the hidden state.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Decoder blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>The id that texts start with, when there is one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>The ids that end a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>The id that fills short rows of a batch, when there is one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Whether the graph has a position_ids input.</summary>
    public bool HasPositionIds { get; init; }

    /// <summary>A native library with the graph's own operators, beside the graph; null when the graph needs none.</summary>
    public string? CustomOperatorsLibrary { get; init; }

    /// <summary>The file's content.</summary>
    public JsonObject ToJson()
    {
        var inputs = new JsonObject { ["input_ids"] = "input_ids", ["attention_mask"] = "attention_mask" };
        if (HasPositionIds) inputs["position_ids"] = "position_ids";
        inputs["past_key_names"] = "past_key_values.%d.key";
        inputs["past_value_names"] = "past_key_values.%d.value";

        var session = new JsonObject { ["log_id"] = "onnxruntime-genai", ["provider_options"] = new JsonArray() };
        if (CustomOperatorsLibrary is not null) session["custom_ops_library"] = CustomOperatorsLibrary;

        var model = new JsonObject();
        // GenAI reads these as numbers; where a checkpoint names none, its end-of-text serves, as in GenAI's own model builder.
        var eos = EosTokenIds.Count > 0 ? EosTokenIds[0] : BosTokenId ?? 0;
        model["bos_token_id"] = BosTokenId ?? eos;
        model["context_length"] = ContextLength;
        model["decoder"] = new JsonObject
        {
            ["session_options"] = session,
            ["filename"] = FileName,
            ["head_size"] = HeadSize,
            ["hidden_size"] = HiddenSize,
            ["inputs"] = inputs,
            ["outputs"] = new JsonObject
            {
                ["logits"] = "logits",
                ["present_key_names"] = "present.%d.key",
                ["present_value_names"] = "present.%d.value",
            },
            ["num_attention_heads"] = Heads,
            ["num_hidden_layers"] = Layers,
            ["num_key_value_heads"] = KeyValueHeads,
        };
        model["eos_token_id"] = EosTokenIds.Count > 1 ? new JsonArray([.. EosTokenIds.Select(id => (JsonNode)id)]) : eos;
        model["pad_token_id"] = PadTokenId ?? eos;
        model["type"] = "decoder";
        model["vocab_size"] = VocabularySize;

        return new JsonObject
        {
            ["model"] = model,
            ["search"] = new JsonObject
            {
                ["do_sample"] = false,
                ["max_length"] = ContextLength,
                ["min_length"] = 0,
                ["num_beams"] = 1,
                ["num_return_sequences"] = 1,
                ["past_present_share_buffer"] = false,
                ["repetition_penalty"] = 1.0,
                ["temperature"] = 1.0,
                ["top_k"] = 1,
                ["top_p"] = 1.0,
            },
        };
    }
}
