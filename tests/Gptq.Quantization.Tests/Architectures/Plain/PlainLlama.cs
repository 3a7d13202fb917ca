namespace Gptq.Quantization.Tests.Architectures.Plain;

/// <summary>LLaMA, Mistral, Qwen 2 and 3, Phi-3, Gemma 1 and 2: what they differ in is asked for where it matters.</summary>
internal sealed class PlainLlama(PlainConfig config, Func<string, double[]> tensor) : PlainDecoder(config, tensor)
{
    private readonly string _type = config.Type;

    private bool IsGemma => _type is "gemma" or "gemma2";

    private double Epsilon => Config.Number("rms_norm_eps", _type == "phi3" ? 1e-5 : 1e-6);

    private int Hidden => Config.Int("hidden_size", 0);

    private int Heads => Config.Int("num_attention_heads", 0);

    private int KeyValueHeads => Config.Int("num_key_value_heads", Heads);

    private int Dimension => Config.OptionalInt("head_dim") ?? (_type switch
    {
        "qwen3" when !Config.IsNull("head_dim") => 128,
        "gemma" or "gemma2" => 256,
        _ => Hidden / Heads,
    });

    protected override double[][] Run(int[] ids, int[] lengths)
    {
        var x = Rows("model.embed_tokens.weight", ids, Hidden);
        if (IsGemma) x = PlainMath.Map(x, value => value * Math.Sqrt(Hidden));
        var layers = Config.Int("num_hidden_layers", 0);
        for (var layer = 0; layer < layers; layer++)
        {
            var name = $"model.layers.{layer}.";
            var attended = Attend(Norm(x, name + "input_layernorm"), layer, name + "self_attn.", lengths);
            if (_type == "gemma2")
            {
                x = PlainMath.Add(x, Norm(attended, name + "post_attention_layernorm"));
                x = PlainMath.Add(x, Norm(Feed(Norm(x, name + "pre_feedforward_layernorm"), name + "mlp."), name + "post_feedforward_layernorm"));
            }
            else
            {
                x = PlainMath.Add(x, attended);
                x = PlainMath.Add(x, Feed(Norm(x, name + "post_attention_layernorm"), name + "mlp."));
            }
        }
        var logits = Linear(Norm(x, "model.norm"), "lm_head", false, Config.Flag("tie_word_embeddings", IsGemma) ? "model.embed_tokens.weight" : null);
        return _type == "gemma2" && Cap("final_logit_softcapping", 30) is { } cap ? PlainMath.Map(logits, value => cap * Math.Tanh(value / cap)) : logits;
    }

    private double[][] Norm(double[][] x, string name) =>
        [.. x.Select(row => PlainMath.RmsNorm(row, Tensor(name + ".weight"), Epsilon, IsGemma ? 1 : 0))];

    private double[][] Attend(double[][] x, int layer, string name, int[] lengths)
    {
        int queries = Heads * Dimension, keys = KeyValueHeads * Dimension;
        var optional = _type is "llama" or "qwen3" or "gemma" or "gemma2" && Config.Flag("attention_bias", false);
        var bias = optional || _type == "qwen2";
        double[][] q, k, v;
        if (_type == "phi3")
        {
            var fused = Linear(x, name + "qkv_proj", false);
            (q, k, v) = (PlainMath.Columns(fused, 0, queries), PlainMath.Columns(fused, queries, keys), PlainMath.Columns(fused, queries + keys, keys));
        }
        else
        {
            (q, k, v) = (Linear(x, name + "q_proj", bias), Linear(x, name + "k_proj", bias), Linear(x, name + "v_proj", bias));
        }
        if (_type == "qwen3") (q, k) = (PerHead(q, name + "q_norm.weight"), PerHead(k, name + "k_norm.weight"));
        var positions = Config.Int("max_position_embeddings", 0);
        var rotary = new PlainRotary(
            Config, Dimension, Config.Number("rope_theta", 10000), _type == "phi3" ? Config.Number("partial_rotary_factor", 1) : 1, positions,
            _type == "phi3" ? Config.Int("original_max_position_embeddings", 4096) : null);
        var scale = _type == "gemma2" ? Math.Pow(Config.Number("query_pre_attn_scalar", 256), -0.5) : 1 / Math.Sqrt(Dimension);
        var attention = new PlainAttention(Heads, KeyValueHeads, Dimension, scale)
        {
            Rotary = rotary, Window = Window(layer), SoftCap = _type == "gemma2" ? Cap("attn_logit_softcapping", 50) : null,
        };
        return Linear(attention.Run(q, k, v, lengths), name + "o_proj", optional);
    }

    private double[][] PerHead(double[][] x, string weight) =>
        [.. x.Select(row => row.Chunk(Dimension).SelectMany(head => PlainMath.RmsNorm(head, Tensor(weight), Epsilon)).ToArray())];

    private double[][] Feed(double[][] x, string name)
    {
        var activation = PlainMath.Activation(_type switch
        {
            "gemma2" => Config.Text("hidden_activation", "gelu_pytorch_tanh"),
            "gemma" => Config.Text("hidden_act", "gelu_pytorch_tanh"),
            _ => Config.Text("hidden_act", "silu"),
        });
        var bias = _type == "llama" && Config.Flag("mlp_bias", false);
        double[][] gate, up;
        if (_type == "phi3")
        {
            var fused = Linear(x, name + "gate_up_proj", false);
            (gate, up) = (PlainMath.Columns(fused, 0, fused[0].Length / 2), PlainMath.Columns(fused, fused[0].Length / 2, fused[0].Length / 2));
        }
        else
        {
            (gate, up) = (Linear(x, name + "gate_proj", bias), Linear(x, name + "up_proj", bias));
        }
        return Linear(PlainMath.Multiply(PlainMath.Map(gate, activation), up), name + "down_proj", bias);
    }

    private int? Window(int layer)
    {
        var width = Config.IsNull("sliding_window") ? null : Config.OptionalInt("sliding_window");
        if (Config.Texts("layer_types") is { } types) return types[layer] == "sliding_attention" ? width : null;
        return _type switch
        {
            "mistral" or "phi3" => width,
            "qwen2" or "qwen3" => Config.Flag("use_sliding_window", false) && layer >= Config.Int("max_window_layers", 28) ? width : null,
            "gemma2" => layer % 2 == 0 ? width : null,
            _ => null,
        };
    }

    private double? Cap(string name, double missing) => Config.IsNull(name) ? null : Config.Number(name, missing);
}
