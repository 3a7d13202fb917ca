using System.Text;
using Gptq.Quantization.Architectures;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Damaged config.json files: they describe a model or are refused with a code, and nothing else happens.</summary>
public sealed class ModelConfigFuzzTests
{
    private const int Rounds = 4000;

    private static readonly string[] Values =
    [
        "0", "-1", "1", "2", "3", "7", "1e300", "1e-300", "0.5", "2147483647", "4294967296", "9223372036854775807", "null", "true", "false",
        "\"\"", "\"x\"", "\"\\ud800\"", "[]", "[1]", "[null]", "[\"sliding_attention\"]", "{}", "{\"type\": \"yarn\"}", "{\"rope_type\": \"dynamic\", \"factor\": 1e30}",
        "{\"rope_type\": \"longrope\", \"short_factor\": [1e-300], \"long_factor\": [1]}", "{\"rope_theta\": 1, \"type\": \"yarn\", \"factor\": 2}",
    ];

    private static readonly string[] Fields =
    [
        "num_hidden_layers", "n_layer", "hidden_size", "n_embd", "n_embed", "num_attention_heads", "n_head", "num_key_value_heads", "head_dim",
        "vocab_size", "intermediate_size", "ffn_dim", "max_position_embeddings", "rope_theta", "rope_scaling", "rope_parameters",
        "sliding_window", "layer_types", "tie_word_embeddings", "rms_norm_eps", "eos_token_id", "word_embed_proj_dim", "partial_rotary_factor",
        "rotary_pct", "query_pre_attn_scalar", "attn_logit_softcapping", "hidden_act", "activation_function", "max_window_layers",
    ];

    [Fact]
    public void Every_damaged_config_is_followed_or_refused_with_a_code()
    {
        var random = new Random(20);
        string[] types = ["opt", "bloom", "gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "phi3", "gemma", "gemma2"];
        var followed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var config = Damage(random, types[random.Next(types.Length)]);
            try
            {
                followed += Architecture.RequiredTensors(ModelConfig.Parse(config)).Count > 0 ? 1 : 0;
            }
            catch (GptqException exception)
            {
                Assert.StartsWith("GPTQ210", exception.Code, StringComparison.Ordinal);
            }
        }

        Assert.InRange(followed, 1, Rounds - 1);
    }

    private static byte[] Damage(Random random, string type)
    {
        var fields = new List<string> { $"\"model_type\": \"{type}\"", "\"num_hidden_layers\": 2", "\"n_layer\": 2", "\"hidden_size\": 32", "\"num_attention_heads\": 4", "\"num_key_value_heads\": 2" };
        for (var change = random.Next(1, 4); change > 0; change--)
            fields.Insert(random.Next(1, fields.Count + 1), $"\"{Fields[random.Next(Fields.Length)]}\": {Values[random.Next(Values.Length)]}");
        var bytes = Encoding.UTF8.GetBytes("{" + string.Join(", ", fields) + "}");
        if (random.Next(4) == 0)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(16) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
