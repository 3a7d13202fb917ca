using System.Globalization;
using Gptq.Runtime.Configuration;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Gptq.Runtime.Generation;

/// <summary>The inputs and outputs of a decoder's graph, as the session has them.</summary>
internal sealed class DecoderSignature
{
    /// <summary>The entry of a model's metadata that is "1" where past and present may be one buffer.</summary>
    private const string SharedCache = "past_present_share_buffer";

    /// <exception cref="QuantizedModelException">The graph is no decoder with a cache, or its types are not supported.</exception>
    public DecoderSignature(InferenceSession session, GenaiConfig config, string file)
    {
        TakesMask = session.InputMetadata.ContainsKey(config.AttentionMask);
        TakesPositions = session.InputMetadata.ContainsKey(config.PositionIds);
        List<string> inputs = [config.InputIds], outputs = [config.Logits];
        if (TakesMask) inputs.Add(config.AttentionMask);
        if (TakesPositions) inputs.Add(config.PositionIds);
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            inputs.AddRange([Name(config.PastKeys, layer), Name(config.PastValues, layer)]);
            outputs.AddRange([Name(config.PresentKeys, layer), Name(config.PresentValues, layer)]);
        }

        InputNames = inputs;
        OutputNames = outputs;
        foreach (var name in inputs.Where(name => !session.InputMetadata.ContainsKey(name))) throw Unexpected($"It has no input {name}.");
        foreach (var name in outputs.Where(name => !session.OutputMetadata.ContainsKey(name))) throw Unexpected($"It has no output {name}.");
        if (session.InputMetadata.Keys.Except(inputs).FirstOrDefault() is { } unknown) throw Unexpected($"It has an input {unknown} that nothing is known about.");
        CacheType = TypeOf(session.InputMetadata[Name(config.PastKeys, 0)]);
        LogitsType = TypeOf(session.OutputMetadata[config.Logits]);
        SharesCache = config.SharesCache || (session.ModelMetadata.CustomMetadataMap.TryGetValue(SharedCache, out var shares) && shares == "1");
        CacheCount = 2 * config.LayerCount;
        KeyValueHeads = config.KeyValueHeads;
        HeadSize = config.HeadSize;
        ContextLength = config.ContextLength;
        VocabularySize = session.OutputMetadata[config.Logits].Dimensions is [.., > 0 and var last] ? last : config.VocabularySize;

        TensorElementType TypeOf(NodeMetadata metadata) => metadata.ElementDataType is TensorElementType.Float or TensorElementType.Float16
            ? metadata.ElementDataType
            : throw Unexpected($"Its cache or its logits are {metadata.ElementDataType}; float32 and float16 are supported.");

        QuantizedModelException Unexpected(string what) => new("GPTQ6014", $"The graph is not the decoder that {GenaiConfig.FileName} describes. {what}", file);
    }

    /// <summary>input_ids, attention_mask and position_ids where the graph has them, then key and value of each layer.</summary>
    public IReadOnlyList<string> InputNames { get; }

    /// <summary>logits, then key and value of each layer.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    public bool TakesMask { get; }

    public bool TakesPositions { get; }

    /// <summary>Whether past and present may be one buffer that is longer than the text.</summary>
    public bool SharesCache { get; }

    /// <summary>Keys and values over all layers.</summary>
    public int CacheCount { get; }

    public int KeyValueHeads { get; }

    public int HeadSize { get; }

    public int ContextLength { get; }

    /// <summary>How many logits each token has.</summary>
    public int VocabularySize { get; }

    public TensorElementType CacheType { get; }

    public TensorElementType LogitsType { get; }

    private static string Name(string pattern, int layer) => pattern.Replace("%d", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
