using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>GPT-2 (Radford et al. 2019): learned positions, q, k, v in one linear, and all block linears stored as [in, out].</summary>
internal sealed class Gpt2 : Architecture
{
    private readonly int _positions;
    private readonly int _feedForward;
    private readonly double _epsilon;
    private readonly bool _scaled;
    private readonly bool _scaledByLayer;
    private readonly Func<GraphBuilder, string, string> _activation;

    [SetsRequiredMembers]
    public Gpt2(ModelConfig config, ITensorSource tensors)
        : base(config, tensors)
    {
        LayerCount = config.OptionalCount("n_layer") ?? config.Count("num_hidden_layers", 12);
        HiddenSize = config.OptionalCount("n_embd") ?? config.Count("hidden_size", 768);
        VocabularySize = config.Count("vocab_size", 50257);
        _positions = config.OptionalCount("n_positions") ?? config.Count("max_position_embeddings", 1024);
        MaxPositions = _positions;
        HeadCount = KeyValueHeadCount = config.OptionalCount("n_head") ?? config.Count("num_attention_heads", 12);
        HeadDimension = config.Divided("n_embd", HiddenSize, "n_head", HeadCount);
        TieWordEmbeddings = config.Flag("tie_word_embeddings", true);
        _feedForward = config.Count("n_inner", 4 * HiddenSize);
        _epsilon = config.Positive("layer_norm_epsilon", 1e-5);
        _scaled = config.Flag("scale_attn_weights", true);
        _scaledByLayer = config.Flag("scale_attn_by_inverse_layer_idx", false);
        _activation = Activation.Named(config, "activation_function", "gelu_new");
        if (config.Flag("add_cross_attention", false))
            throw config.Unsupported("add_cross_attention", "is true");

        // How the product is ordered and rounded in half precision, another name of n_positions, and heads for other tasks.
        config.Ignore(
            "reorder_and_upcast_attn", "n_ctx", "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels",
            "summary_first_dropout");
    }

    private protected override string BasePrefix => "transformer.";

    private protected override string BlockPrefix(int layer) => $"transformer.h.{layer}.";

    private protected override bool IsIgnorable(string name) =>
        name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal);

    private protected override string Embed(Forward forward, string ids)
    {
        var tokens = forward.Embedding("transformer.wte", ids, VocabularySize, HiddenSize);
        var table = forward.Parameter("transformer.wpe.weight", _positions, HiddenSize);
        return forward.Graph.Add(tokens, forward.Graph.Gather(table, forward.PositionIds!));
    }

    private protected override string Block(Forward forward, int layer, string hidden)
    {
        var name = BlockPrefix(layer);
        var graph = forward.Graph;
        hidden = graph.Add(hidden, Attend(forward, layer, name + "attn.", forward.LayerNorm(name + "ln_1", hidden, HiddenSize, _epsilon)));
        var inner = Conv1D(forward, name + "mlp.c_fc", forward.LayerNorm(name + "ln_2", hidden, HiddenSize, _epsilon), HiddenSize, _feedForward);
        return graph.Add(hidden, Conv1D(forward, name + "mlp.c_proj", _activation(graph, inner), _feedForward, HiddenSize));
    }

    private protected override string BeforeHead(Forward forward, string hidden) =>
        forward.LayerNorm("transformer.ln_f", hidden, HiddenSize, _epsilon);

    private protected override string Logits(Forward forward, string hidden) =>
        forward.Linear("lm_head", hidden, HiddenSize, VocabularySize, bias: false);

    private static string Conv1D(Forward forward, string name, string x, int inFeatures, int outFeatures) =>
        forward.Linear(name, x, inFeatures, outFeatures, bias: true, transposed: true);

    private string Attend(Forward forward, int layer, string name, string x)
    {
        var parts = forward.Graph.Split(
            Conv1D(forward, name + "c_attn", x, HiddenSize, 3 * HiddenSize), -1, HiddenSize, HiddenSize, HiddenSize);
        var attention = new Attention
        {
            Heads = HeadCount, KeyValueHeads = HeadCount, Dimension = HeadDimension,
            Scale = (_scaled ? 1 / MathF.Sqrt(HeadDimension) : 1) / (_scaledByLayer ? layer + 1 : 1),
        };
        var mixed = forward.AttentionForm.Emit(forward, attention, parts[0], parts[1], parts[2]);
        return Conv1D(forward, name + "c_proj", mixed, HiddenSize, HiddenSize);
    }
}
