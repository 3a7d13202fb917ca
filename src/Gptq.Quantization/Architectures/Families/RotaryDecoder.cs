using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>
/// What LLaMA and its relatives share: RMS norms, rotary positions, grouped-query attention, a gated feed-forward, and the names of their
/// tensors. A family sets what is its own and overrides what it does otherwise.
/// </summary>
internal abstract class RotaryDecoder : Architecture
{
    [SetsRequiredMembers]
    protected RotaryDecoder(ModelConfig config, ITensorSource tensors, RotaryDecoderDefaults defaults)
        : base(config, tensors)
    {
        LayerCount = config.Count("num_hidden_layers", defaults.Layers);
        HiddenSize = config.Count("hidden_size", defaults.Hidden);
        VocabularySize = config.Count("vocab_size", defaults.Vocabulary);
        MaxPositions = config.Count("max_position_embeddings", defaults.MaxPositions);
        HeadCount = config.Count("num_attention_heads", defaults.Heads);
        KeyValueHeadCount = config.OptionalCount("num_key_value_heads")
            ?? (config.Mentions("num_key_value_heads") ? HeadCount : defaults.KeyValueHeads ?? HeadCount);
        HeadDimension = config.OptionalCount("head_dim")
            ?? (config.Mentions("head_dim") ? null : defaults.HeadDimension)
            ?? config.Divided("hidden_size", HiddenSize, "num_attention_heads", HeadCount);
        if (HeadCount % KeyValueHeadCount != 0)
            throw config.Wrong("num_key_value_heads", $"is {KeyValueHeadCount}, which does not divide num_attention_heads = {HeadCount}");
        TieWordEmbeddings = config.Flag("tie_word_embeddings", defaults.Tied);
        FeedForward = config.Count("intermediate_size", defaults.FeedForward);
        Epsilon = config.Positive("rms_norm_eps", defaults.Epsilon);
        Theta = config.Positive("rope_theta", 10000);
        Scale = 1 / Math.Sqrt(HeadDimension);
    }

    /// <summary>Length of the vectors inside the feed-forward.</summary>
    protected int FeedForward { get; }

    /// <summary>ε of the norms.</summary>
    protected double Epsilon { get; }

    /// <summary>The base of the rotary frequencies as the top level of config.json has it.</summary>
    protected double Theta { get; }

    /// <summary>What scores are multiplied with.</summary>
    protected double Scale { get; init; }

    /// <summary>What is added to a norm's weight.</summary>
    protected float NormOffset { get; init; }

    /// <summary>Whether q, k and v have biases.</summary>
    protected bool InputBias { get; init; }

    /// <summary>Whether the attention's output projection has a bias.</summary>
    protected bool OutputBias { get; init; }

    /// <summary>Whether the feed-forward has biases.</summary>
    protected bool FeedForwardBias { get; init; }

    /// <summary>The feed-forward's activation.</summary>
    protected Func<GraphBuilder, string, string> Activate { get; init; } = null!;

    /// <summary>The rotary embedding.</summary>
    protected Rotary Rotary { get; init; } = null!;

    /// <summary>How many tokens back each layer's tokens see; null for all.</summary>
    protected int?[] Windows { get; init; } = [];

    /// <summary>The cap on scores; null for none.</summary>
    protected float? ScoreCap { get; init; }

    private protected override string BasePrefix => "model.";

    private protected override string BlockPrefix(int layer) => $"model.layers.{layer}.";

    private protected override bool IsIgnorable(string name) => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal);

    private protected override string Embed(Forward forward, string ids) =>
        forward.Embedding("model.embed_tokens", ids, VocabularySize, HiddenSize);

    private protected override string Block(Forward forward, int layer, string hidden)
    {
        var name = BlockPrefix(layer);
        hidden = forward.Graph.Add(hidden, Attend(forward, layer, name + "self_attn.", Norm(forward, name + "input_layernorm", hidden)));
        return forward.Graph.Add(hidden, Feed(forward, name + "mlp.", Norm(forward, name + "post_attention_layernorm", hidden)));
    }

    private protected override string BeforeHead(Forward forward, string hidden) => Norm(forward, "model.norm", hidden);

    private protected override string Logits(Forward forward, string hidden) =>
        forward.Linear("lm_head", hidden, HiddenSize, VocabularySize, bias: false);

    private protected string Norm(Forward forward, string name, string value) =>
        forward.RmsNorm(name, value, HiddenSize, Epsilon, NormOffset);

    private protected string Attend(Forward forward, int layer, string name, string x)
    {
        var attention = new Attention
        {
            Heads = HeadCount, KeyValueHeads = KeyValueHeadCount, Dimension = HeadDimension, Scale = (float)Scale, Rotary = Rotary,
            Window = Windows.Length > 0 ? Windows[layer] : null, SoftCap = ScoreCap,
        };
        var (query, key, value) = Project(forward, name, x);
        var mixed = forward.AttentionForm.Emit(forward, attention, query, key, value);
        return forward.Linear(name + "o_proj", mixed, HeadCount * HeadDimension, HiddenSize, OutputBias);
    }

    /// <summary>Queries, keys and values.</summary>
    private protected virtual (string Query, string Key, string Value) Project(Forward forward, string name, string x) =>
    (
        forward.Linear(name + "q_proj", x, HiddenSize, HeadCount * HeadDimension, InputBias),
        forward.Linear(name + "k_proj", x, HiddenSize, KeyValueHeadCount * HeadDimension, InputBias),
        forward.Linear(name + "v_proj", x, HiddenSize, KeyValueHeadCount * HeadDimension, InputBias));

    /// <summary>The gated feed-forward.</summary>
    private protected virtual string Feed(Forward forward, string name, string x)
    {
        var gate = forward.Linear(name + "gate_proj", x, HiddenSize, FeedForward, FeedForwardBias);
        var up = forward.Linear(name + "up_proj", x, HiddenSize, FeedForward, FeedForwardBias);
        var inner = forward.Graph.Mul(Activate(forward.Graph, gate), up);
        return forward.Linear(name + "down_proj", inner, FeedForward, HiddenSize, FeedForwardBias);
    }

    /// <summary>The windows that layer_types gives, or where it is missing, a family's rule.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="window">The window of the layers that slide; null for none.</param>
    /// <param name="slides">The family's rule.</param>
    private protected int?[] WindowsOf(ModelConfig config, int? window, Func<int, bool> slides)
    {
        if (config.Texts("layer_types") is not { } types)
            return [.. Enumerable.Range(0, LayerCount).Select(layer => slides(layer) ? window : null)];
        if (types.Count != LayerCount)
            throw config.Wrong("layer_types", $"has {types.Count} entries for {LayerCount} layers");
        return
        [
            .. types.Select(type => type switch
            {
                "full_attention" => (int?)null,
                "sliding_attention" => window ?? throw config.Wrong("layer_types", "has sliding layers, but there is no sliding_window"),
                _ => throw config.Unsupported("layer_types", $"has '{type}'; known are full_attention and sliding_attention"),
            }),
        ];
    }
}
