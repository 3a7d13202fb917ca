using System.Diagnostics.CodeAnalysis;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures.Families;

/// <summary>
/// OPT (Zhang et al. 2022, arXiv 2205.01068): learned positions that count the tokens of the mask, biases, norms before or (350m) after the
/// sublayers, and for 350m an embedding that is projected up to the hidden size and down again.
/// </summary>
internal sealed class Opt : Architecture
{
    // Rows of the position table before the one of position 0; a pad, position −1, gets row 1.
    private const int PositionOffset = 2;
    private const double Epsilon = 1e-5;

    private readonly int _embedding;
    private readonly int _feedForward;
    private readonly int _positions;
    private readonly bool _bias;
    private readonly bool _affine;
    private readonly bool _normBefore;
    private readonly bool _finalNorm;
    private readonly Func<GraphBuilder, string, string> _activation;

    [SetsRequiredMembers]
    public Opt(ModelConfig config, ITensorSource tensors)
        : base(config, tensors)
    {
        LayerCount = config.Count("num_hidden_layers", 12);
        HiddenSize = config.Count("hidden_size", 768);
        VocabularySize = config.Count("vocab_size", 50272);
        _positions = config.Count("max_position_embeddings", 2048);
        MaxPositions = _positions;
        HeadCount = KeyValueHeadCount = config.Count("num_attention_heads", 12);
        HeadDimension = config.Divided("hidden_size", HiddenSize, "num_attention_heads", HeadCount);
        TieWordEmbeddings = config.Flag("tie_word_embeddings", true);
        _embedding = config.Count("word_embed_proj_dim", HiddenSize);
        _feedForward = config.Count("ffn_dim", 3072);
        _bias = config.Flag("enable_bias", true);
        _affine = config.Flag("layer_norm_elementwise_affine", true);
        _normBefore = config.Flag("do_layer_norm_before", true);
        _finalNorm = _normBefore && !config.Flag("_remove_final_layer_norm", false);
        _activation = Activation.Named(config, "activation_function", "relu");
    }

    public override bool TakesPositionIds => false;

    private protected override string BasePrefix => "model.";

    private protected override string BlockPrefix(int layer) => $"model.decoder.layers.{layer}.";

    private protected override bool IsIgnorable(string name) => name == "model.decoder.version";

    private protected override string Embed(Forward forward, string ids)
    {
        var graph = forward.Graph;
        var tokens = forward.Embedding("model.decoder.embed_tokens", ids, VocabularySize, _embedding);
        if (_embedding != HiddenSize)
            tokens = forward.Linear("model.decoder.project_in", tokens, _embedding, HiddenSize, bias: false);
        var table = forward.Parameter("model.decoder.embed_positions.weight", _positions + PositionOffset, HiddenSize);
        var rows = graph.Add(forward.PositionsOfNew(), graph.Scalar((long)PositionOffset));
        return graph.Add(tokens, graph.Gather(table, rows));
    }

    private protected override string Block(Forward forward, int layer, string hidden)
    {
        var name = BlockPrefix(layer);
        var attended = Around(forward, name + "self_attn_layer_norm", hidden, x => Attend(forward, name + "self_attn.", x));
        return Around(forward, name + "final_layer_norm", attended, x =>
        {
            var inner = forward.Linear(name + "fc1", x, HiddenSize, _feedForward, _bias);
            return forward.Linear(name + "fc2", _activation(forward.Graph, inner), _feedForward, HiddenSize, _bias);
        });
    }

    private protected override string BeforeHead(Forward forward, string hidden)
    {
        if (_finalNorm)
            hidden = forward.LayerNorm("model.decoder.final_layer_norm", hidden, HiddenSize, Epsilon, _affine);
        return _embedding == HiddenSize
            ? hidden
            : forward.Linear("model.decoder.project_out", hidden, HiddenSize, _embedding, bias: false);
    }

    private protected override string Logits(Forward forward, string hidden) =>
        forward.Linear("lm_head", hidden, _embedding, VocabularySize, bias: false);

    /// <summary>A sublayer with its residual and its norm, before it or after the sum.</summary>
    private string Around(Forward forward, string norm, string hidden, Func<string, string> sublayer)
    {
        string Norm(string x) => forward.LayerNorm(norm, x, HiddenSize, Epsilon, _affine);
        var sum = forward.Graph.Add(hidden, sublayer(_normBefore ? Norm(hidden) : hidden));
        return _normBefore ? sum : Norm(sum);
    }

    private string Attend(Forward forward, string name, string x)
    {
        var query = forward.Linear(name + "q_proj", x, HiddenSize, HiddenSize, _bias);
        var key = forward.Linear(name + "k_proj", x, HiddenSize, HiddenSize, _bias);
        var value = forward.Linear(name + "v_proj", x, HiddenSize, HiddenSize, _bias);
        var attention = new Attention
        {
            Heads = HeadCount, KeyValueHeads = HeadCount, Dimension = HeadDimension, Scale = 1 / MathF.Sqrt(HeadDimension),
        };
        var mixed = forward.AttentionForm.Emit(forward, attention, query, key, value);
        return forward.Linear(name + "out_proj", mixed, HiddenSize, HiddenSize, _bias);
    }
}
