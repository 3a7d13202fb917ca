namespace Gptq.Quantization.Tests.Architectures.Plain;

internal sealed class PlainGptNeoX(PlainConfig config, Func<string, double[]> tensor) : PlainDecoder(config, tensor)
{
    protected override double[][] Run(int[] ids, int[] lengths)
    {
        int hidden = Config.Int("hidden_size", 6144), heads = Config.Int("num_attention_heads", 64), dimension = hidden / heads;
        var epsilon = Config.Number("layer_norm_eps", 1e-5);
        var bias = Config.Flag("attention_bias", true);
        var activation = PlainMath.Activation(Config.Text("hidden_act", "gelu"));
        var rotary = new PlainRotary(
            Config, dimension, Config.OptionalNumber("rotary_emb_base") ?? Config.Number("rope_theta", 10000),
            Config.OptionalNumber("rotary_pct") ?? Config.Number("partial_rotary_factor", 0.25), Config.Int("max_position_embeddings", 2048));
        var attention = new PlainAttention(heads, heads, dimension, 1 / Math.Sqrt(dimension)) { Rotary = rotary };
        var x = Rows("gpt_neox.embed_in.weight", ids, hidden);
        for (var layer = 0; layer < Config.Int("num_hidden_layers", 44); layer++)
        {
            var name = $"gpt_neox.layers.{layer}.";
            var (q, k, v) = Fused(Linear(LayerNorm(x, name + "input_layernorm", epsilon), name + "attention.query_key_value", bias), heads, dimension);
            var attended = PlainMath.Add(x, Linear(attention.Run(q, k, v, lengths), name + "attention.dense", bias));
            var norm = LayerNorm(Config.Flag("use_parallel_residual", true) ? x : attended, name + "post_attention_layernorm", epsilon);
            var inner = PlainMath.Map(Linear(norm, name + "mlp.dense_h_to_4h", true), activation);
            x = PlainMath.Add(attended, Linear(inner, name + "mlp.dense_4h_to_h", true));
        }
        x = LayerNorm(x, "gpt_neox.final_layer_norm", epsilon);
        return Linear(x, "embed_out", false, Config.Flag("tie_word_embeddings", false) ? "gpt_neox.embed_in.weight" : null);
    }
}
