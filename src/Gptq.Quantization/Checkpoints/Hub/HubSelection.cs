namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Which files of a model are needed.</summary>
internal static class HubSelection
{
    private static readonly string[] Companions =
    [
        "config.json", "generation_config.json", "quantize_config.json",
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "merges.txt",
        "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "chat_template.json",
    ];

    private static readonly string[] Weights =
    [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ];

    /// <summary>Configuration and tokenizer: what is there of it.</summary>
    public static IEnumerable<string> CompanionsIn(IReadOnlySet<string> files) => Companions.Where(files.Contains);

    /// <summary>The file with the weights or the index of their shards, in the order in which a checkpoint is opened; null when there is none.</summary>
    public static string? WeightsIn(IReadOnlySet<string> files) => Weights.FirstOrDefault(files.Contains);

    /// <summary>Whether the weights are in shards that the file lists.</summary>
    public static bool IsIndex(string file) => file.EndsWith(".index.json", StringComparison.Ordinal);
}
