namespace Gptq.Quantization.Tests.Architectures.Plain;

internal sealed class PlainBloom(PlainConfig config, Func<string, double[]> tensor) : PlainDecoder(config, tensor)
{
    protected override double[][] Run(int[] ids, int[] lengths)
    {
        var hidden = Config.OptionalInt("n_embed") ?? Config.Int("hidden_size", 64);
        var heads = Config.OptionalInt("n_head") ?? Config.Int("num_attention_heads", 8);
        var epsilon = Config.Number("layer_norm_epsilon", 1e-5);
        var normed = Config.Flag("apply_residual_connection_post_layernorm", false);
        var attention = new PlainAttention(heads, heads, hidden / heads, Math.Pow((double)hidden / heads, -0.5)) { Slope = head => Slope(head, heads) };
        var x = LayerNorm(Rows("transformer.word_embeddings.weight", ids, hidden), "transformer.word_embeddings_layernorm", epsilon);
        for (var layer = 0; layer < (Config.OptionalInt("n_layer") ?? Config.Int("num_hidden_layers", 2)); layer++)
        {
            var name = $"transformer.h.{layer}.";
            var norm = LayerNorm(x, name + "input_layernorm", epsilon);
            var (q, k, v) = Fused(Linear(norm, name + "self_attention.query_key_value", true), heads, hidden / heads);
            x = PlainMath.Add(normed ? norm : x, Linear(attention.Run(q, k, v, lengths), name + "self_attention.dense", true));
            norm = LayerNorm(x, name + "post_attention_layernorm", epsilon);
            var inner = PlainMath.Map(Linear(norm, name + "mlp.dense_h_to_4h", true), PlainMath.Activation("gelu_new"));
            x = PlainMath.Add(normed ? norm : x, Linear(inner, name + "mlp.dense_4h_to_h", true));
        }
        x = LayerNorm(x, "transformer.ln_f", epsilon);
        return Linear(x, "lm_head", false, Config.Flag("tie_word_embeddings", true) ? "transformer.word_embeddings.weight" : null);
    }

    private static double Slope(int head, int heads)
    {
        var power = 1;
        while (power * 2 <= heads) power *= 2;
        return head < power ? Math.Pow(2, -8.0 / power * (head + 1)) : Math.Pow(2, -4.0 / power * ((2 * (head - power)) + 1));
    }
}
