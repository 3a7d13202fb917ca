using System.Diagnostics.CodeAnalysis;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Qwen2 and Qwen2.5 (arXiv 2407.10671): LLaMA with biases on q, k and v, and a sliding window in the upper layers where it is switched on.</summary>
internal sealed class Qwen2 : RotaryDecoder
{
    [SetsRequiredMembers]
    public Qwen2(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(151936, 4096, 22016, 32, 32, 32768) { KeyValueHeads = 32 })
    {
        InputBias = true;
        Activate = Activation.Named(config, "hidden_act", "silu");
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
        var first = SlidingWindow.FirstLayer(config);
        Windows = WindowsOf(config, SlidingWindow.IfSwitchedOn(config), layer => layer >= first);
    }
}
