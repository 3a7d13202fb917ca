namespace Gptq.Quantization.Tests.Architectures.Plain;

internal sealed class PlainOpt(PlainConfig config, Func<string, double[]> tensor) : PlainDecoder(config, tensor)
{
    private const double Epsilon = 1e-5;

    protected override double[][] Run(int[] ids, int[] lengths)
    {
        int hidden = Config.Int("hidden_size", 768), embedded = Config.Int("word_embed_proj_dim", hidden), heads = Config.Int("num_attention_heads", 12);
        bool bias = Config.Flag("enable_bias", true), affine = Config.Flag("layer_norm_elementwise_affine", true), before = Config.Flag("do_layer_norm_before", true);
        var activation = PlainMath.Activation(Config.Text("activation_function", "relu"));
        var attention = new PlainAttention(heads, heads, hidden / heads, Math.Pow((double)hidden / heads, -0.5));

        var x = Rows("model.decoder.embed_tokens.weight", ids, embedded);
        if (embedded != hidden) x = Linear(x, "model.decoder.project_in", false);
        x = PlainMath.Add(x, Rows("model.decoder.embed_positions.weight", ids.Select((_, position) => position + 2), hidden));
        for (var layer = 0; layer < Config.Int("num_hidden_layers", 12); layer++)
        {
            var name = $"model.decoder.layers.{layer}.";
            var residual = x;
            if (before) x = LayerNorm(x, name + "self_attn_layer_norm", Epsilon, affine);
            x = attention.Run(
                Linear(x, name + "self_attn.q_proj", bias), Linear(x, name + "self_attn.k_proj", bias), Linear(x, name + "self_attn.v_proj", bias), lengths);
            x = PlainMath.Add(residual, Linear(x, name + "self_attn.out_proj", bias));
            if (!before) x = LayerNorm(x, name + "self_attn_layer_norm", Epsilon, affine);
            residual = x;
            if (before) x = LayerNorm(x, name + "final_layer_norm", Epsilon, affine);
            x = PlainMath.Add(residual, Linear(PlainMath.Map(Linear(x, name + "fc1", bias), activation), name + "fc2", bias));
            if (!before) x = LayerNorm(x, name + "final_layer_norm", Epsilon, affine);
        }
        if (before && !Config.Flag("_remove_final_layer_norm", false)) x = LayerNorm(x, "model.decoder.final_layer_norm", Epsilon, affine);
        if (embedded != hidden) x = Linear(x, "model.decoder.project_out", false);
        return Linear(x, "lm_head", false, Config.Flag("tie_word_embeddings", true) ? "model.decoder.embed_tokens.weight" : null);
    }
}
