using Gptq.Onnx;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Architectures.Parts;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Packing.AutoGptq;

namespace Gptq.Quantization.Architectures;

/// <summary>
/// A model family's definition: one class writes embedding, block and head as ONNX nodes, and everything else follows from that one
/// description: the list of linears, the tensors that the checkpoint must have, the calibration graphs and the shipped decoder.
/// </summary>
public abstract class Architecture
{
    private readonly CheckpointParameters _parameters;
    private readonly List<GptqWarning> _notes = [];

    private protected Architecture(ModelConfig config, ITensorSource tensors)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tensors);
        Config = config;
        _parameters = new CheckpointParameters(tensors, config.File);
        ModelType = config.ModelType;
        BosTokenId = config.TokenIds("bos_token_id") is [var bos, ..] ? bos : null;
        EosTokenIds = config.TokenIds("eos_token_id");
        PadTokenId = config.TokenIds("pad_token_id") is [var pad, ..] ? pad : null;
    }

    /// <summary>config.json's model_type.</summary>
    public string ModelType { get; }

    /// <summary>Blocks.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Length of the vectors between blocks.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Tokens in the embedding table, and logits.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The most positions that the model was made for; null where positions are not limited (ALiBi).</summary>
    public required int? MaxPositions { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>Length of a head's vectors, as in the cache.</summary>
    public required int HeadDimension { get; init; }

    /// <summary>Whether the head's weight is the embedding table.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the decoder has the input position_ids; else it derives positions from the attention mask, or needs none.</summary>
    public virtual bool TakesPositionIds => true;

    /// <summary>The token that begins a text, if config.json names one.</summary>
    public int? BosTokenId { get; }

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; }

    /// <summary>The token that fills up a batch, if config.json names one.</summary>
    public int? PadTokenId { get; }

    /// <summary>All linears in the order they run: outside of blocks (Layer −1) before the blocks, the blocks', and those after, the head last.</summary>
    public IReadOnlyList<LinearModule> Linears { get; private set; } = [];

    /// <summary>The table of token vectors.</summary>
    public EmbeddingModule TokenEmbedding { get; private set; } = null!;

    /// <summary>The head, which gives the logits: the last of <see cref="Linears"/>.</summary>
    public LinearModule Head => Linears[^1];

    /// <summary>What the user should know: fields of config.json and tensors of the checkpoint that were not used.</summary>
    public IReadOnlyList<GptqWarning> Warnings { get; private set; } = [];

    /// <summary>config.json.</summary>
    protected ModelConfig Config { get; }

    /// <summary>What names of the base model's tensors start with; checkpoints of the bare base model leave it out.</summary>
    private protected abstract string BasePrefix { get; }

    /// <summary>Reads config.json, picks the architecture, and checks the checkpoint's tensors against it.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="tensors">The checkpoint.</param>
    /// <exception cref="GptqException">
    /// GPTQ2103: an architecture that is not known here. GPTQ2102: a value that makes no sense. GPTQ2104: a variant that is not supported.
    /// GPTQ2105: the checkpoint is quantized already, and the tensors are not what its codes mean. GPTQ2110: tensors are missing. GPTQ2111: tensors have other extents than config.json says.
    /// </exception>
    public static Architecture Create(ModelConfig config, ITensorSource tensors)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tensors);
        if (tensors is not AutoGptqCheckpoint) RequireFloat(config);
        var architecture = ArchitectureRegistry.Create(config, tensors);
        architecture.Check(architecture.Survey());
        return architecture;
    }

    /// <summary>The tensors that a checkpoint of this config.json must have, as float32, with the base model's prefix.</summary>
    /// <param name="config">config.json.</param>
    /// <exception cref="GptqException">As <see cref="Create"/>, but for the tensors.</exception>
    public static IReadOnlyList<TensorInfo> RequiredTensors(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        RequireFloat(config);
        var parameters = ArchitectureRegistry.Create(config, NoTensors.Instance).Survey();
        return [.. parameters.Select(parameter => new TensorInfo(parameter.Name, "F32", [.. parameter.StoredShape.Select(extent => (long)extent)]))];
    }

    /// <summary>Whether checkpoints of this config.json store the blocks' linears as [in, out] (GPT-2's Conv1D).</summary>
    /// <param name="config">config.json.</param>
    /// <exception cref="GptqException">As <see cref="Create"/>, but for the tensors.</exception>
    public static bool StoresTransposed(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var architecture = ArchitectureRegistry.Create(config, NoTensors.Instance);
        architecture.Survey();
        return architecture.Linears.Any(module => module.Transposed);
    }

    /// <summary>The linears of a block by stage: those that share an input, in the order they run.</summary>
    /// <param name="layer">The block.</param>
    public IReadOnlyList<IReadOnlyList<LinearModule>> Stages(int layer) =>
        [.. Linears.Where(module => module.Layer == layer).GroupBy(module => module.Stage).OrderBy(stage => stage.Key).Select(stage => stage.ToArray())];

    /// <summary>Reads a linear's weight, float32 [out, in], however the checkpoint stores it.</summary>
    /// <param name="module">One of <see cref="Linears"/>.</param>
    /// <param name="destination">out · in values.</param>
    public void ReadWeight(LinearModule module, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(module);
        _parameters.Read(WeightParameter(module), destination);
    }

    /// <summary>Reads the table of token vectors, float32 [rows, columns].</summary>
    /// <param name="module">The table.</param>
    /// <param name="destination">rows · columns values.</param>
    public void ReadWeight(EmbeddingModule module, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(module);
        _parameters.Read(WeightParameter(module), destination);
    }

    /// <summary>Reads one token's vector.</summary>
    /// <param name="module">The table.</param>
    /// <param name="row">The token.</param>
    /// <param name="destination">As many values as the table has columns.</param>
    public void ReadRow(EmbeddingModule module, int row, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(module);
        _parameters.ReadRow(WeightParameter(module), row, destination);
    }

    /// <summary>The table that a linear's weight is, or null when it has one of its own.</summary>
    public EmbeddingModule? TiedEmbedding(LinearModule module) =>
        TieWordEmbeddings && module == Head ? TokenEmbedding : null;

    /// <summary>Adds to <see cref="Warnings"/>.</summary>
    private protected void Warn(string code, string message) => _notes.Add(new GptqWarning(code, message, Config.File));

    /// <summary>What names of a block's tensors start with, dot included.</summary>
    private protected abstract string BlockPrefix(int layer);

    /// <summary>From token ids [batch, sequence] to the first hidden state [batch, sequence, hidden].</summary>
    private protected abstract string Embed(Forward forward, string ids);

    /// <summary>From a hidden state to the next.</summary>
    private protected abstract string Block(Forward forward, int layer, string hidden);

    /// <summary>From the last hidden state to the head's input.</summary>
    private protected virtual string BeforeHead(Forward forward, string hidden) => hidden;

    /// <summary>From the head's input to the logits [batch, sequence, vocabulary].</summary>
    private protected abstract string Logits(Forward forward, string hidden);

    /// <summary>Whether a tensor that the graph does not use is known to be of no use (masks, cached frequencies).</summary>
    private protected virtual bool IsIgnorable(string name) => false;

    internal string EmitEmbedding(Forward forward, string ids)
    {
        forward.Begin(-1);
        using var scope = forward.Graph.Scope("embedding");
        return Embed(forward, ids);
    }

    internal string EmitBlock(Forward forward, int layer, string hidden)
    {
        forward.Begin(layer, BlockPrefix(layer));
        return Block(forward, layer, hidden);
    }

    internal string EmitHead(Forward forward, string hidden)
    {
        forward.Begin(-1);
        using var scope = forward.Graph.Scope("head");
        return Logits(forward, BeforeHead(forward, hidden));
    }

    internal string BlockPrefixOf(int layer) => BlockPrefix(layer);

    /// <summary>A linear's name in the checkpoint's files, which leave the base model's prefix out where they hold the base model alone.</summary>
    internal string StoredName(LinearModule module) => _parameters.StoredName(WeightParameter(module))[..^".weight".Length];

    internal void ReadParameter(Parameter parameter, Span<float> destination) => _parameters.Read(parameter, destination);

    internal Parameter WeightParameter(LinearModule module) => TiedEmbedding(module) is { } table
        ? WeightParameter(table)
        : new Parameter(module.WeightName, [module.OutFeatures, module.InFeatures], module.Transposed);

    internal static Parameter WeightParameter(EmbeddingModule module) => new(module.WeightName, [module.Rows, module.Columns]);

    internal void CopyStored(Parameter parameter, Stream stream) => _parameters.CopyStored(parameter, stream);

    private static void RequireFloat(ModelConfig config)
    {
        if (config.Has(AutoGptqConfig.Section))
        {
            throw new GptqException(
                "GPTQ2105", "config.json has a quantization_config: the checkpoint is quantized already. Use the original float checkpoint.", config.File);
        }
    }

    private void RequireSensibleSizes()
    {
        // Beyond these, what follows could not be counted; no model comes near.
        const int GreatestDepth = 4096, GreatestWidth = 1 << 26;
        if (LayerCount > GreatestDepth)
            throw Config.Wrong("num_hidden_layers", $"or its equivalent is {LayerCount}, more than {GreatestDepth}");
        if ((long)HeadCount * HeadDimension > GreatestWidth)
            throw Config.Wrong("head_dim", $"times the number of heads is {(long)HeadCount * HeadDimension}, more than {GreatestWidth}");
    }

    /// <summary>Writes the whole graph once without keeping it, to learn which linears and parameters there are.</summary>
    private IReadOnlyList<Parameter> Survey()
    {
        RequireSensibleSizes();
        var needs = new ParameterCollector();
        var emitter = new InputEmitter(
            linear => needs.Bind(new Parameter(linear.WeightName, [linear.OutFeatures, linear.InFeatures], linear.Transposed)),
            table => needs.Bind(WeightParameter(table)));
        var forward = new Forward
        {
            Graph = new GraphBuilder("survey"), Linears = emitter, Embeddings = emitter, Parameters = needs,
            AttentionForm = new StandardAttention(), AttentionMask = "attention_mask", PositionIds = "position_ids", Tokens = "input_ids",
        };
        var hidden = EmitEmbedding(forward, "input_ids");
        for (var layer = 0; layer < LayerCount; layer++)
            hidden = EmitBlock(forward, layer, hidden);
        EmitHead(forward, hidden);

        Linears = forward.LinearModules;
        TokenEmbedding = forward.EmbeddingModules.Single();
        return [.. needs.Parameters.Where(parameter => !(TieWordEmbeddings && parameter.Name == Head.WeightName))];
    }

    private void Check(IReadOnlyList<Parameter> parameters)
    {
        var unused = _parameters.Resolve(parameters, BasePrefix, IsIgnorable, TieWordEmbeddings ? Head.WeightName : null);
        Warnings = [.. _notes, .. UnreadFields(), .. unused];
    }

    private IEnumerable<GptqWarning> UnreadFields()
    {
        if (Config.Unread() is { Count: > 0 } fields)
        {
            yield return new GptqWarning(
                "GPTQ2106",
                $"config.json has settings that are not known for {ModelType} and were not used: {string.Join(", ", fields)}. If they change what the model computes, the result is wrong.",
                Config.File);
        }
    }
}
