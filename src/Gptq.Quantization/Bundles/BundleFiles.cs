namespace Gptq.Quantization.Bundles;

/// <summary>The names of what lands in a model's folder.</summary>
public static class BundleFiles
{
    /// <summary>The graph.</summary>
    public const string Graph = "model.onnx";

    /// <summary>The packed weights, which the graph refers to as external data.</summary>
    public const string Weights = "model.onnx.data";

    /// <summary>What ONNX Runtime GenAI and Gptq.Runtime read first.</summary>
    public const string GenaiConfig = "genai_config.json";

    /// <summary>Options, errors, checksums and versions.</summary>
    public const string Quantization = "quantization.json";

    /// <summary>Files of a checkpoint that belong to its tokenizer; they are copied as they are.</summary>
    public static IReadOnlyList<string> Tokenizer { get; } =
    [
        "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
        "chat_template.jinja", "generation_config.json",
    ];
}
