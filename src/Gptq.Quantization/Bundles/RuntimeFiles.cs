using Gptq.Quantization.Pipeline;
using Gptq.Tokenizers;

namespace Gptq.Quantization.Bundles;

/// <summary>What a runtime reads beside the graph: the tokenizer's files, as they were, tokenizer.json where there was none, and genai_config.json.</summary>
internal static class RuntimeFiles
{
    /// <summary>Writes them into a folder.</summary>
    public static void Write(ModelSource source, string directory)
    {
        foreach (var file in source.TextFiles.Where(file => BundleFiles.Tokenizer.Contains(Path.GetFileName(file))))
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)), overwrite: true);
        WriteTokenizerJson(source.Directory, Path.Combine(directory, "tokenizer.json"));
        BundleJson.Write(Path.Combine(directory, BundleFiles.GenaiConfig), Genai(source).ToJson());
    }

    /// <summary>ONNX Runtime GenAI reads no vocab.json with merges.txt.</summary>
    private static void WriteTokenizerJson(string checkpoint, string file)
    {
        using var json = new MemoryStream();
        if (Tokenizer.TryWriteJson(checkpoint, json)) File.WriteAllBytes(file, json.ToArray());
    }

    private static GenaiConfig Genai(ModelSource source)
    {
        var architecture = source.Architecture;
        return new GenaiConfig
        {
            ContextLength = architecture.MaxPositions ?? 2048,
            VocabularySize = architecture.VocabularySize,
            HiddenSize = architecture.HiddenSize,
            Heads = architecture.HeadCount,
            KeyValueHeads = architecture.KeyValueHeadCount,
            HeadSize = architecture.HeadDimension,
            Layers = architecture.LayerCount,
            BosTokenId = architecture.BosTokenId ?? source.Tokenizer.BosId,
            EosTokenIds = [.. architecture.EosTokenIds.Concat(source.Tokenizer.EosIds).Distinct()],
            PadTokenId = architecture.PadTokenId ?? source.Tokenizer.PadId,
            HasPositionIds = architecture.TakesPositionIds,
        };
    }
}
