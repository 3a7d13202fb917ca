namespace Gptq.Quantization.Tests.Architectures.Plain;

internal sealed class PlainGpt2(PlainConfig config, Func<string, double[]> tensor) : PlainDecoder(config, tensor)
{
    protected override double[][] Run(int[] ids, int[] lengths)
    {
        var hidden = Config.Int("n_embd", 768);
        var heads = Config.Int("n_head", 12);
        var epsilon = Config.Number("layer_norm_epsilon", 1e-5);
        var activation = PlainMath.Activation(Config.Text("activation_function", "gelu_new"));
        var x = PlainMath.Add(
            Rows("transformer.wte.weight", ids, hidden), Rows("transformer.wpe.weight", ids.Select((_, position) => position), hidden));
        for (var layer = 0; layer < Config.Int("n_layer", 12); layer++)
        {
            var name = $"transformer.h.{layer}.";
            var scale = Config.Flag("scale_attn_weights", true) ? 1 / Math.Sqrt((double)hidden / heads) : 1;
            if (Config.Flag("scale_attn_by_inverse_layer_idx", false)) scale /= layer + 1;
            var fused = Conv1D(LayerNorm(x, name + "ln_1", epsilon), name + "attn.c_attn");
            var mixed = new PlainAttention(heads, heads, hidden / heads, scale).Run(
                PlainMath.Columns(fused, 0, hidden), PlainMath.Columns(fused, hidden, hidden), PlainMath.Columns(fused, 2 * hidden, hidden), lengths);
            x = PlainMath.Add(x, Conv1D(mixed, name + "attn.c_proj"));
            var inner = PlainMath.Map(Conv1D(LayerNorm(x, name + "ln_2", epsilon), name + "mlp.c_fc"), activation);
            x = PlainMath.Add(x, Conv1D(inner, name + "mlp.c_proj"));
        }
        x = LayerNorm(x, "transformer.ln_f", epsilon);
        return Linear(x, "lm_head", false, Config.Flag("tie_word_embeddings", true) ? "transformer.wte.weight" : null);
    }
}
