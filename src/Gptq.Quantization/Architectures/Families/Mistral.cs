using System.Diagnostics.CodeAnalysis;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Mistral (arXiv 2310.06825): LLaMA with a sliding window in every layer.</summary>
internal sealed class Mistral : RotaryDecoder
{
    private const int DefaultWindow = 4096;

    [SetsRequiredMembers]
    public Mistral(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(32000, 4096, 14336, 32, 32, 4096 * 32) { KeyValueHeads = 8 })
    {
        Activate = Activation.Named(config, "hidden_act", "silu");
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
        var window = config.Mentions("sliding_window") ? config.OptionalCount("sliding_window") : DefaultWindow;
        Windows = WindowsOf(config, window, _ => true);
    }
}
