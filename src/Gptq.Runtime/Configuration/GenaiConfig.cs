using System.Text.Json;

namespace Gptq.Runtime.Configuration;

/// <summary>What genai_config.json says: ONNX Runtime GenAI's description of a decoder.</summary>
internal sealed record GenaiConfig
{
    public const string FileName = "genai_config.json";

    public required string ModelFile { get; init; }

    public required int ContextLength { get; init; }

    public required int LayerCount { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int VocabularySize { get; init; }

    public IReadOnlyList<int> EosIds { get; init; } = [];

    public string InputIds { get; init; } = "input_ids";

    public string AttentionMask { get; init; } = "attention_mask";

    public string PositionIds { get; init; } = "position_ids";

    /// <summary>A name with %d for the layer.</summary>
    public string PastKeys { get; init; } = "past_key_values.%d.key";

    public string PastValues { get; init; } = "past_key_values.%d.value";

    public string Logits { get; init; } = "logits";

    public string PresentKeys { get; init; } = "present.%d.key";

    public string PresentValues { get; init; } = "present.%d.value";

    /// <summary>Whether the section "search" demands one buffer for past and present.</summary>
    public bool SharesCache { get; init; }

    /// <summary>What the section "search" makes the default.</summary>
    public GenerationOptions Search { get; init; } = new();

    /// <exception cref="QuantizedModelException">The file is missing or damaged.</exception>
    public static GenaiConfig Read(string directory)
    {
        var file = Path.Combine(directory, FileName);
        if (!File.Exists(file))
        {
            throw new QuantizedModelException(
                "GPTQ6010", $"There is no {FileName}: this is no folder of a quantized model. Give the folder that the build writes, models/<name>.", directory);
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            return Parse(document.RootElement, file);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Damaged(file, exception.Message, exception);
        }
    }

    private static GenaiConfig Parse(JsonElement root, string file)
    {
        var model = root.GetProperty("model");
        var decoder = model.GetProperty("decoder");
        var config = new GenaiConfig
        {
            ModelFile = Text(decoder, "filename") ?? "model.onnx",
            ContextLength = Positive(model, "context_length"),
            VocabularySize = Positive(model, "vocab_size"),
            LayerCount = Positive(decoder, "num_hidden_layers"),
            KeyValueHeads = Find(decoder, "num_key_value_heads") is null ? Positive(decoder, "num_attention_heads") : Positive(decoder, "num_key_value_heads"),
            HeadSize = Positive(decoder, "head_size"),
            EosIds = Find(model, "eos_token_id") is not { } eos ? [] : eos.ValueKind == JsonValueKind.Array ? [.. eos.EnumerateArray().Select(id => id.GetInt32())] : [eos.GetInt32()],
            SharesCache = Find(Find(root, "search"), "past_present_share_buffer")?.GetBoolean() ?? false,
            Search = Find(root, "search") is { } search ? ParseSearch(search) : new GenerationOptions(),
        };
        if (config.ModelFile != Path.GetFileName(config.ModelFile)) throw Damaged(file, $"The model file {config.ModelFile} is not in the folder.");
        var (inputs, outputs) = (Find(decoder, "inputs"), Find(decoder, "outputs"));
        return config with
        {
            InputIds = Text(inputs, "input_ids") ?? config.InputIds,
            AttentionMask = Text(inputs, "attention_mask") ?? config.AttentionMask,
            PositionIds = Text(inputs, "position_ids") ?? config.PositionIds,
            PastKeys = Text(inputs, "past_key_names") ?? config.PastKeys,
            PastValues = Text(inputs, "past_value_names") ?? config.PastValues,
            Logits = Text(outputs, "logits") ?? config.Logits,
            PresentKeys = Text(outputs, "present_key_names") ?? config.PresentKeys,
            PresentValues = Text(outputs, "present_value_names") ?? config.PresentValues,
        };

        int Positive(JsonElement parent, string name) =>
            parent.GetProperty(name).TryGetInt32(out var value) && value is > 0 and < 1 << 24 ? value : throw Damaged(file, $"{name} must be a positive integer.");
    }

    private static GenerationOptions ParseSearch(JsonElement search)
    {
        var sample = Find(search, "do_sample")?.GetBoolean() ?? false;
        return new GenerationOptions
        {
            Temperature = sample ? Number("temperature") ?? 1 : 0,
            TopK = sample ? (int)(Number("top_k") ?? 0) : 0,
            TopP = sample ? Number("top_p") ?? 1 : 1,
            RepetitionPenalty = Number("repetition_penalty") ?? 1,
        };

        float? Number(string name) => Find(search, name)?.GetSingle();
    }

    private static JsonElement? Find(JsonElement? parent, string name) =>
        parent is { } value && value.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    private static string? Text(JsonElement? parent, string name) => Find(parent, name)?.GetString();

    private static QuantizedModelException Damaged(string file, string reason, Exception? inner = null) =>
        new("GPTQ6011", $"It does not describe a decoder: {reason} Build the model again.", file, inner);
}
