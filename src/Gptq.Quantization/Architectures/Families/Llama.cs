using System.Diagnostics.CodeAnalysis;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>LLaMA 1, 2 and 3 (arXiv 2302.13971, 2307.09288, 2407.21783).</summary>
internal sealed class Llama : RotaryDecoder
{
    [SetsRequiredMembers]
    public Llama(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(32000, 4096, 11008, 32, 32, 2048))
    {
        InputBias = OutputBias = config.Flag("attention_bias", false);
        FeedForwardBias = config.Flag("mlp_bias", false);
        Activate = Activation.Named(config, "hidden_act", "silu");
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
    }
}
