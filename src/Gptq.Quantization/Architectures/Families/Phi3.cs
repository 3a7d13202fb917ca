using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>Phi-3 and Phi-4-mini (arXiv 2404.14219): LLaMA with q, k, v in one linear and gate, up in another, partial rotation and LongRoPE.</summary>
internal sealed class Phi3 : RotaryDecoder
{
    [SetsRequiredMembers]
    public Phi3(ModelConfig config, ITensorSource tensors)
        : base(config, tensors, new RotaryDecoderDefaults(32064, 3072, 8192, 32, 32, 4096) { Epsilon = 1e-5 })
    {
        Activate = Activation.Named(config, "hidden_act", "silu");

        // Written by Phi-4-mini's makers and read by nobody.
        config.Ignore("interpolate_factor", "full_attn_mod");
        var reader = new RotaryReader(config, HeadDimension, MaxPositions!.Value, Theta, config.Positive("partial_rotary_factor", 1))
        {
            // Early versions of the family called LongRoPE su, or yarn.
            Synonyms = new Dictionary<string, string> { ["su"] = "longrope", ["yarn"] = "longrope" },
            OriginalPositions = config.Count("original_max_position_embeddings", 4096),
        };
        Rotary = new Rotary(reader.Read(), HeadDimension);
        Windows = WindowsOf(config, config.OptionalCount("sliding_window"), _ => true);
    }

    private protected override (string Query, string Key, string Value) Project(Forward forward, string name, string x)
    {
        int queries = HeadCount * HeadDimension, keys = KeyValueHeadCount * HeadDimension;
        var fused = forward.Linear(name + "qkv_proj", x, HiddenSize, queries + (2 * keys), bias: false);
        var parts = forward.Graph.Split(fused, -1, queries, keys, keys);
        return (parts[0], parts[1], parts[2]);
    }

    private protected override string Feed(Forward forward, string name, string x)
    {
        var graph = forward.Graph;
        var fused = forward.Linear(name + "gate_up_proj", x, HiddenSize, 2 * FeedForward, bias: false);
        var parts = graph.Split(fused, -1, FeedForward, FeedForward);
        return forward.Linear(name + "down_proj", graph.Mul(Activate(graph, parts[0]), parts[1]), FeedForward, HiddenSize, bias: false);
    }
}
