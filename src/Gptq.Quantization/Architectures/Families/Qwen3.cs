using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Qwen3 (arXiv 2505.09388): LLaMA with RMS norms on each head's query and key, and a head dimension of its own.</summary>
internal sealed class Qwen3 : RotaryDecoder
{
    [SetsRequiredMembers]
    public Qwen3(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(151936, 4096, 22016, 32, 32, 32768) { KeyValueHeads = 32, HeadDimension = 128 })
    {
        InputBias = OutputBias = config.Flag("attention_bias", false);
        Activate = Activation.Named(config, "hidden_act", "silu");
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
        var first = SlidingWindow.FirstLayer(config);
        Windows = WindowsOf(config, SlidingWindow.IfSwitchedOn(config), layer => layer >= first);
    }

    private protected override (string Query, string Key, string Value) Project(Forward forward, string name, string x)
    {
        var (query, key, value) = base.Project(forward, name, x);
        return (PerHead(forward, name + "q_norm", query, HeadCount), PerHead(forward, name + "k_norm", key, KeyValueHeadCount), value);
    }

    private string PerHead(Forward forward, string name, string value, int heads)
    {
        var split = forward.Graph.Reshape(value, 0, 0, heads, HeadDimension);
        return forward.Graph.Reshape(forward.RmsNorm(name, split, HeadDimension, Epsilon), 0, 0, heads * HeadDimension);
    }
}
