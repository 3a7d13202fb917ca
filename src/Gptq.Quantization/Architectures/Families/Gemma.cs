using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Gemma (arXiv 2403.08295): LLaMA with embeddings scaled by √hidden, norm weights stored as differences from 1, and tanh-GELU.</summary>
internal sealed class Gemma : RotaryDecoder
{
    private const string TanhGelu = "gelu_pytorch_tanh";

    [SetsRequiredMembers]
    public Gemma(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(256000, 3072, 24576, 28, 16, 8192) { KeyValueHeads = 16, HeadDimension = 256, Tied = true })
    {
        NormOffset = 1;
        InputBias = OutputBias = config.Flag("attention_bias", false);
        if (config.Flag("use_bidirectional_attention", false))
            throw config.Unsupported("use_bidirectional_attention", "is true");
        Activate = Activation.Named(config, "hidden_act", TanhGelu);
        RequireOneActivation(config);
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
    }

    // The family's first version ignored hidden_act and took tanh-GELU unless hidden_activation was set; later ones follow hidden_act.
    private void RequireOneActivation(ModelConfig config)
    {
        var followed = config.Text("hidden_act", TanhGelu);
        var other = config.OptionalText("hidden_activation");
        if (other is not null && other != followed)
            throw config.Unsupported("hidden_activation", $"is '{other}' and hidden_act is '{followed}': versions of the family disagree on which of them counts");
        if (other is null && followed != TanhGelu)
            Warn("GPTQ2107", $"config.json says hidden_act = '{followed}', which was followed. The published Gemma models were trained with '{TanhGelu}'; if this is one of them, correct the field.");
    }

    private protected override string Embed(Forward forward, string ids) =>
        forward.Graph.Mul(base.Embed(forward, ids), forward.Graph.Scalar(MathF.Sqrt(HiddenSize)));
}
