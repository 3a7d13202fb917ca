using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Gemma 2 (arXiv 2408.00118): Gemma with norms before and after each sublayer, soft caps, and a window in every other layer.</summary>
internal sealed class Gemma2 : RotaryDecoder
{
    private readonly float? _logitCap;

    [SetsRequiredMembers]
    public Gemma2(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(256000, 2304, 9216, 26, 8, 8192) { KeyValueHeads = 4, HeadDimension = 256, Tied = true })
    {
        NormOffset = 1;
        InputBias = OutputBias = config.Flag("attention_bias", false);
        if (config.Flag("use_bidirectional_attention", false))
            throw config.Unsupported("use_bidirectional_attention", "is true");
        config.Ignore("hidden_act");
        Activate = Activation.Named(config, "hidden_activation", "gelu_pytorch_tanh");
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
        Scale = 1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", 256));
        ScoreCap = Cap(config, "attn_logit_softcapping", 50);
        _logitCap = Cap(config, "final_logit_softcapping", 30);
        var window = config.Mentions("sliding_window") ? config.OptionalCount("sliding_window") : 4096;
        Windows = WindowsOf(config, window, layer => layer % 2 == 0);
    }

    private protected override string Embed(Forward forward, string ids) =>
        forward.Graph.Mul(base.Embed(forward, ids), forward.Graph.Scalar(MathF.Sqrt(HiddenSize)));

    private protected override string Block(Forward forward, int layer, string hidden)
    {
        var name = BlockPrefix(layer);
        var attended = Attend(forward, layer, name + "self_attn.", Norm(forward, name + "input_layernorm", hidden));
        hidden = forward.Graph.Add(hidden, Norm(forward, name + "post_attention_layernorm", attended));
        var fed = Feed(forward, name + "mlp.", Norm(forward, name + "pre_feedforward_layernorm", hidden));
        return forward.Graph.Add(hidden, Norm(forward, name + "post_feedforward_layernorm", fed));
    }

    private protected override string Logits(Forward forward, string hidden) =>
        _logitCap is { } cap ? SoftCap.Emit(forward.Graph, base.Logits(forward, hidden), cap) : base.Logits(forward, hidden);

    // A missing field means the family's cap, null means none.
    private static float? Cap(ModelConfig config, string name, double fallback)
    {
        if (!config.Mentions(name))
            return (float)fallback;
        return config.Has(name) ? (float)config.Positive(name, fallback) : null;
    }
}
