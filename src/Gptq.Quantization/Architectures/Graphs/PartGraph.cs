using System.Globalization;
using Google.Protobuf;
using Gptq.Onnx;
using Gptq.Onnx.Protocol;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Parts;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>
/// One part of a model as a graph of its own, for calibration: the embedding, one block, or the head. All parameters are inputs, and the
/// input of each stage of linears can be had as an output.
/// </summary>
internal sealed class PartGraph
{
    public const string Hidden = "hidden";
    public const string Output = "output";

    private readonly ModelProto _model;
    private readonly Func<PartForm, PartGraph> _inForm;

    private PartGraph(
        ModelProto model, InputParameters parameters, IReadOnlyList<LinearModule> linears, int features, int[] stageFeatures, Func<PartForm, PartGraph> inForm)
    {
        _model = model;
        _inForm = inForm;
        Parameters = parameters.Inputs;
        TypeOf = parameters.TypeOf;
        Table = parameters.Table;
        Linears = linears;
        Features = features;
        StageFeatures = stageFeatures;
    }

    /// <summary>The parameters by the names of their graph inputs.</summary>
    public IReadOnlyList<(string Input, Parameter Parameter)> Parameters { get; }

    /// <summary>The type of a parameter's input.</summary>
    public Func<string, ElementType> TypeOf { get; }

    /// <summary>The table of token vectors, in the embedding: an input of its own.</summary>
    public EmbeddingModule? Table { get; }

    /// <summary>The linears of the part.</summary>
    public IReadOnlyList<LinearModule> Linears { get; }

    /// <summary>The last extent of the output.</summary>
    public int Features { get; }

    /// <summary>The last extent of each stage's input.</summary>
    public IReadOnlyList<int> StageFeatures { get; }

    /// <summary>The serialized model that computes some of the outputs and nothing else. Blocks that compute the same have the same bytes.</summary>
    public byte[] ModelFor(IReadOnlyCollection<string> outputs) => GraphPruner.Keep(_model, outputs).ToByteArray();

    /// <summary>The same without the inputs that these outputs do not need, and the names of those that they do.</summary>
    public (byte[] Model, IReadOnlySet<string> Inputs) Needed(IReadOnlyCollection<string> outputs)
    {
        var model = GraphPruner.Keep(_model, outputs, keepInputs: false);
        return (model.ToByteArray(), model.Graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>The output that is the input of a stage's linears.</summary>
    public static string Tap(int stage) => string.Create(CultureInfo.InvariantCulture, $"tap.{stage}");

    /// <summary>The input that holds the sum of a stage's Gram matrices so far, [features, features] (<see cref="PartForm.Grams"/>).</summary>
    public static string Gram(int stage) => string.Create(CultureInfo.InvariantCulture, $"gram.{stage}");

    /// <summary>The output that adds this run's Gram matrix, X·Xᵀ, to it.</summary>
    public static string GramSum(int stage) => string.Create(CultureInfo.InvariantCulture, $"gram.{stage}.sum");

    /// <summary>The same part in another form.</summary>
    public PartGraph In(PartForm form) => _inForm(form);

    public static PartGraph Embedding(Architecture architecture) =>
        Create(architecture, PartForm.Single, "", ElementType.Int64, ["batch", "sequence"], architecture.HiddenSize, architecture.EmitEmbedding);

    public static PartGraph Block(Architecture architecture, int layer) => Create(
        architecture, PartForm.Single, architecture.BlockPrefixOf(layer), ElementType.Float, ["batch", "sequence", architecture.HiddenSize], architecture.HiddenSize,
        (forward, hidden) => architecture.EmitBlock(forward, layer, hidden));

    public static PartGraph Head(Architecture architecture) => Create(
        architecture, PartForm.Single, "", ElementType.Float, ["batch", "sequence", architecture.HiddenSize], architecture.VocabularySize, architecture.EmitHead);

    private static PartGraph Create(
        Architecture architecture, PartForm form, string prefix, ElementType type, Dimension[] shape, int features, Func<Forward, string, string> emit)
    {
        var graph = new GraphBuilder("part");
        var input = graph.Input(Hidden, type, shape);
        var parameters = new InputParameters(graph, prefix);
        var emitter = new InputEmitter(
            linear => parameters.Bind(architecture.WeightParameter(linear), form.Products), parameters.BindTable) { Products = form.Products };
        var forward = new Forward
        {
            Graph = graph,
            Linears = emitter,
            Embeddings = emitter,
            Parameters = parameters,
            AttentionForm = new HeadwiseAttention(),
            AttentionMask = graph.Input(DecoderNames.AttentionMask, ElementType.Int64, "batch", "sequence"),
            PositionIds = graph.Input(DecoderNames.PositionIds, ElementType.Int64, "batch", "sequence"),
            Tokens = input,
        };
        graph.Rename(emit(forward, input), Output);
        graph.Output(Output, ElementType.Float, "batch", "sequence", features);
        var stageFeatures = new int[forward.StageInputs.Count];
        for (var stage = 0; stage < stageFeatures.Length; stage++)
        {
            stageFeatures[stage] = forward.LinearModules.First(linear => linear.Stage == stage).InFeatures;
            graph.Rename(forward.StageInputs[stage], Tap(stage));
            graph.Output(Tap(stage), ElementType.Float, "batch", "sequence", stageFeatures[stage]);
            if (form.Grams) AddGram(graph, stage, stageFeatures[stage], form.Products);
        }

        return new PartGraph(
            graph.ToModel(), parameters, forward.LinearModules, features, stageFeatures,
            other => Create(architecture, other, prefix, type, shape, features, emit));
    }

    // The Hessian is that of what the product sees: rounded as its operand is. Numbers of float16 are numbers of TF32 too, so that a device
    // that multiplies in TF32 and adds in float32 loses nothing here.
    private static void AddGram(GraphBuilder graph, int stage, int features, ElementType products)
    {
        var input = products == ElementType.Float ? Tap(stage) : graph.Cast(graph.Cast(Tap(stage), products), ElementType.Float);
        var rows = graph.Reshape(input, -1, features);
        var sum = graph.Input(Gram(stage), ElementType.Float, features, features);
        graph.NamedNode(GramSum(stage), "Gemm", [rows, rows, sum], Attributes.Int("transA", 1));
        graph.Output(GramSum(stage), ElementType.Float, features, features);
    }
}
