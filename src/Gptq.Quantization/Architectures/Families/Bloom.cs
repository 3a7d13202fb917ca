using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>BLOOM (arXiv 2211.05100): ALiBi instead of positions, a norm after the embedding, q, k, v in one linear, tanh-GELU.</summary>
internal sealed class Bloom : Architecture
{
    private readonly double _epsilon;
    private readonly bool _residualAfterNorm;

    [SetsRequiredMembers]
    public Bloom(ModelConfig config, ITensorSource tensors)
        : base(config, tensors)
    {
        LayerCount = config.OptionalCount("n_layer") ?? config.Count("num_hidden_layers", 2);
        HiddenSize = config.OptionalCount("n_embed") ?? config.Count("hidden_size", 64);
        VocabularySize = config.Count("vocab_size", 250880);
        MaxPositions = null;
        HeadCount = KeyValueHeadCount = config.OptionalCount("n_head") ?? config.Count("num_attention_heads", 8);
        HeadDimension = config.Divided("hidden_size", HiddenSize, "n_head", HeadCount);
        TieWordEmbeddings = config.Flag("tie_word_embeddings", true);
        _epsilon = config.Positive("layer_norm_epsilon", 1e-5);
        _residualAfterNorm = config.Flag("apply_residual_connection_post_layernorm", false);

        // How training was split up and fused, and other names of what was read above.
        config.Ignore(
            "slow_but_exact", "offset_alibi", "seq_length", "skip_bias_add", "skip_bias_add_qkv", "attention_softmax_in_fp32",
            "bias_dropout_fusion", "masked_softmax_fusion", "hidden_size", "num_attention_heads", "num_hidden_layers");
        if (config.OptionalCount("n_inner") is { } inner && inner != 4 * HiddenSize)
            throw config.Unsupported("n_inner", $"is {inner}, not four times the hidden size");
    }

    public override bool TakesPositionIds => false;

    private protected override string BasePrefix => "transformer.";

    private protected override string BlockPrefix(int layer) => $"transformer.h.{layer}.";

    private protected override string Embed(Forward forward, string ids)
    {
        var tokens = forward.Embedding("transformer.word_embeddings", ids, VocabularySize, HiddenSize);
        return forward.LayerNorm("transformer.word_embeddings_layernorm", tokens, HiddenSize, _epsilon);
    }

    private protected override string Block(Forward forward, int layer, string hidden)
    {
        var name = BlockPrefix(layer);
        var graph = forward.Graph;
        var normed = forward.LayerNorm(name + "input_layernorm", hidden, HiddenSize, _epsilon);
        hidden = graph.Add(_residualAfterNorm ? normed : hidden, Attend(forward, name + "self_attention.", normed));
        normed = forward.LayerNorm(name + "post_attention_layernorm", hidden, HiddenSize, _epsilon);
        var inner = forward.Linear(name + "mlp.dense_h_to_4h", normed, HiddenSize, 4 * HiddenSize, bias: true);
        var fed = forward.Linear(name + "mlp.dense_4h_to_h", Activation.GeluTanh(graph, inner), 4 * HiddenSize, HiddenSize, bias: true);
        return graph.Add(_residualAfterNorm ? normed : hidden, fed);
    }

    private protected override string BeforeHead(Forward forward, string hidden) =>
        forward.LayerNorm("transformer.ln_f", hidden, HiddenSize, _epsilon);

    private protected override string Logits(Forward forward, string hidden) =>
        forward.Linear("lm_head", hidden, HiddenSize, VocabularySize, bias: false);

    private string Attend(Forward forward, string name, string x)
    {
        var fused = forward.Linear(name + "query_key_value", x, HiddenSize, 3 * HiddenSize, bias: true);
        var (query, key, value) = FusedHeads.Split(forward.Graph, fused, HeadCount, HeadDimension);
        var attention = new Attention
        {
            Heads = HeadCount, KeyValueHeads = HeadCount, Dimension = HeadDimension, Scale = 1 / MathF.Sqrt(HeadDimension),
            Bias = graph => Alibi.Emit(graph, HeadCount),
        };
        var mixed = forward.AttentionForm.Emit(forward, attention, query, key, value);
        return forward.Linear(name + "dense", mixed, HiddenSize, HiddenSize, bias: true);
    }
}
