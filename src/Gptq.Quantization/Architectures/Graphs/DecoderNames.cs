using System.Globalization;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>The names of a decoder's inputs and outputs, as ONNX Runtime GenAI expects them.</summary>
public static class DecoderNames
{
    /// <summary>Token ids, [batch, sequence], int64.</summary>
    public const string InputIds = "input_ids";

    /// <summary>1 for tokens and 0 for padding, [batch, past + sequence], int64.</summary>
    public const string AttentionMask = "attention_mask";

    /// <summary>Positions of the new tokens, [batch, sequence], int64.</summary>
    public const string PositionIds = "position_ids";

    /// <summary>[batch, sequence, vocabulary], float.</summary>
    public const string Logits = "logits";

    /// <summary>The keys of earlier tokens, [batch, kv heads, past, dimension], float.</summary>
    public static string PastKey(int layer) => string.Create(CultureInfo.InvariantCulture, $"past_key_values.{layer}.key");

    /// <summary>The values of earlier tokens.</summary>
    public static string PastValue(int layer) => string.Create(CultureInfo.InvariantCulture, $"past_key_values.{layer}.value");

    /// <summary>The keys of all tokens, [batch, kv heads, past + sequence, dimension], float.</summary>
    public static string PresentKey(int layer) => string.Create(CultureInfo.InvariantCulture, $"present.{layer}.key");

    /// <summary>The values of all tokens.</summary>
    public static string PresentValue(int layer) => string.Create(CultureInfo.InvariantCulture, $"present.{layer}.value");
}
