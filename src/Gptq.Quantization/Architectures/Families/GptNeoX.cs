using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>GPT-NeoX and Pythia (arXiv 2204.06745): rotary on a part of each head, attention and feed-forward side by side or one after the other.</summary>
internal sealed class GptNeoX : Architecture
{
    private readonly int _feedForward;
    private readonly double _epsilon;
    private readonly bool _attentionBias;
    private readonly bool _parallel;
    private readonly Rotary _rotary;
    private readonly Func<GraphBuilder, string, string> _activation;

    [SetsRequiredMembers]
    public GptNeoX(ModelConfig config, ITensorSource tensors)
        : base(config, tensors)
    {
        LayerCount = config.Count("num_hidden_layers", 44);
        HiddenSize = config.Count("hidden_size", 6144);
        VocabularySize = config.Count("vocab_size", 50432);
        MaxPositions = config.Count("max_position_embeddings", 2048);
        HeadCount = KeyValueHeadCount = config.Count("num_attention_heads", 64);
        HeadDimension = config.Divided("hidden_size", HiddenSize, "num_attention_heads", HeadCount);
        TieWordEmbeddings = config.Flag("tie_word_embeddings", false);
        _feedForward = config.Count("intermediate_size", 24576);
        _epsilon = config.Positive("layer_norm_eps", 1e-5);
        _attentionBias = config.Flag("attention_bias", true);
        _parallel = config.Flag("use_parallel_residual", true);
        _activation = Activation.Named(config, "hidden_act", "gelu");

        // The family's own names come first; files written by some versions have both.
        var theta = config.Positive("rotary_emb_base", config.Positive("rope_theta", 10000));
        var share = config.Positive("rotary_pct", config.Positive("partial_rotary_factor", 0.25));
        _rotary = new Rotary(new RotaryReader(config, HeadDimension, MaxPositions.Value, theta, share).Read(), HeadDimension);
    }

    private protected override string BasePrefix => "gpt_neox.";

    private protected override string BlockPrefix(int layer) => $"gpt_neox.layers.{layer}.";

    private protected override bool IsIgnorable(string name) =>
        name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || name.EndsWith(".attention.masked_bias", StringComparison.Ordinal)
        || name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal);

    private protected override string Embed(Forward forward, string ids) =>
        forward.Embedding("gpt_neox.embed_in", ids, VocabularySize, HiddenSize);

    private protected override string Block(Forward forward, int layer, string hidden)
    {
        var name = BlockPrefix(layer);
        var graph = forward.Graph;
        var attended = Attend(forward, name + "attention.", forward.LayerNorm(name + "input_layernorm", hidden, HiddenSize, _epsilon));
        var between = graph.Add(hidden, attended);
        var fed = Feed(
            forward, name + "mlp.",
            forward.LayerNorm(name + "post_attention_layernorm", _parallel ? hidden : between, HiddenSize, _epsilon));
        return graph.Add(between, fed);
    }

    private protected override string BeforeHead(Forward forward, string hidden) =>
        forward.LayerNorm("gpt_neox.final_layer_norm", hidden, HiddenSize, _epsilon);

    private protected override string Logits(Forward forward, string hidden) =>
        forward.Linear("embed_out", hidden, HiddenSize, VocabularySize, bias: false);

    private string Attend(Forward forward, string name, string x)
    {
        var fused = forward.Linear(name + "query_key_value", x, HiddenSize, 3 * HiddenSize, _attentionBias);
        var (query, key, value) = FusedHeads.Split(forward.Graph, fused, HeadCount, HeadDimension);
        var attention = new Attention
        {
            Heads = HeadCount, KeyValueHeads = HeadCount, Dimension = HeadDimension, Scale = 1 / MathF.Sqrt(HeadDimension), Rotary = _rotary,
        };
        var mixed = forward.AttentionForm.Emit(forward, attention, query, key, value);
        return forward.Linear(name + "dense", mixed, HiddenSize, HiddenSize, _attentionBias);
    }

    private string Feed(Forward forward, string name, string x)
    {
        var inner = forward.Linear(name + "dense_h_to_4h", x, HiddenSize, _feedForward, bias: true);
        return forward.Linear(name + "dense_4h_to_h", _activation(forward.Graph, inner), _feedForward, HiddenSize, bias: true);
    }
}
