using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Gemma (arXiv 2403.08295): LLaMA with embeddings scaled by √hidden, norm weights stored as differences from 1, and tanh-GELU.</summary>
internal sealed class Gemma : RotaryDecoder
{
    [SetsRequiredMembers]
    public Gemma(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(256000, 3072, 24576, 28, 16, 8192) { KeyValueHeads = 16, HeadDimension = 256, Tied = true })
    {
        NormOffset = 1;
        InputBias = OutputBias = config.Flag("attention_bias", false);
        if (config.Flag("use_bidirectional_attention", false))
            throw config.Unsupported("use_bidirectional_attention", "is true");
        Activate = Activation.Named(config, "hidden_act", "gelu_pytorch_tanh");
        if (config.OptionalText("hidden_activation") is { } other && other != config.Text("hidden_act", "gelu_pytorch_tanh"))
            throw config.Unsupported("hidden_activation", $"is '{other}' and hidden_act is '{config.Text("hidden_act", "gelu_pytorch_tanh")}': versions of the family disagree on which of them counts");
        Rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta).Read(), HeadDimension);
    }

    private protected override string Embed(Forward forward, string ids) =>
        forward.Graph.Mul(base.Embed(forward, ids), forward.Graph.Scalar(MathF.Sqrt(HiddenSize)));
}
