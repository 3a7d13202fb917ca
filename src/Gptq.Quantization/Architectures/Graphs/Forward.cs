using System.Runtime.InteropServices;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Parts;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>
/// What an architecture writes its forward pass with: the graph, its inputs, parameters by name, and the choices (what a linear becomes,
/// which operators attention is made of). The same calls give a shipped decoder, a calibration graph, or a list of what the model needs.
/// </summary>
internal sealed class Forward
{
    private readonly Dictionary<string, string> _once = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _stages = new(StringComparer.Ordinal);
    private readonly List<string> _stageInputs = [];
    private string _prefix = "";

    public required GraphBuilder Graph { get; init; }

    public required ILinearEmitter Linears { get; init; }

    public required IEmbeddingEmitter Embeddings { get; init; }

    public required IParameterBinding Parameters { get; init; }

    public required AttentionForm AttentionForm { get; init; }

    /// <summary>[batch, past + sequence], int64: 1 where a token is, 0 where padding is.</summary>
    public required string AttentionMask { get; init; }

    /// <summary>[batch, sequence], int64, for architectures that take positions; else null.</summary>
    public string? PositionIds { get; init; }

    /// <summary>A value whose second extent is the number of tokens that are new.</summary>
    public required string Tokens { get; init; }

    /// <summary>The cache; null without one.</summary>
    public KeyValueCache? Cache { get; init; }

    /// <summary>The block that is being written; -1 outside of blocks.</summary>
    public int Layer { get; private set; } = -1;

    /// <summary>The linears met, in order.</summary>
    public List<LinearModule> LinearModules { get; } = [];

    /// <summary>The tables met, in order.</summary>
    public List<EmbeddingModule> EmbeddingModules { get; } = [];

    /// <summary>The inputs of the linears of each stage of what was written last (<see cref="Begin"/>).</summary>
    public IReadOnlyList<string> StageInputs => _stageInputs;

    /// <summary>Starts a block, or with -1 a part outside of blocks: stages count from 0 again.</summary>
    /// <param name="layer">The block.</param>
    /// <param name="prefix">What its parameters' names start with; nodes are named without it, so that equal blocks are equal graphs.</param>
    public void Begin(int layer, string prefix = "")
    {
        Layer = layer;
        _prefix = prefix;
        _stages.Clear();
        _stageInputs.Clear();
    }

    /// <summary>Names of the nodes that follow start with this module, until the result is disposed.</summary>
    public IDisposable Scope(string name) =>
        Graph.Scope(name.StartsWith(_prefix, StringComparison.Ordinal) ? name[_prefix.Length..] : name);

    /// <summary>y = x Wᵀ (+ b).</summary>
    public string Linear(string name, string input, int inFeatures, int outFeatures, bool bias, bool transposed = false)
    {
        if (!_stages.TryGetValue(input, out var stage))
        {
            stage = _stages[input] = _stages.Count;
            _stageInputs.Add(input);
        }

        var module = new LinearModule(name, Layer, inFeatures, outFeatures, stage) { Transposed = transposed };
        LinearModules.Add(module);
        using var scope = Scope(name);
        return Linears.Emit(Graph, module, input, bias ? Parameter(name + ".bias", outFeatures) : null);
    }

    /// <summary>The vectors of tokens.</summary>
    public string Embedding(string name, string ids, int rows, int columns)
    {
        var module = new EmbeddingModule(name, rows, columns);
        EmbeddingModules.Add(module);
        using var scope = Scope(name);
        return Embeddings.Emit(Graph, module, ids);
    }

    /// <summary>A parameter that stays float.</summary>
    public string Parameter(string name, params int[] shape) => Parameters.Bind(new Parameter(name, shape));

    /// <summary>Emits something once a graph: what all blocks share.</summary>
    public string Once(string key, Func<string> emit)
    {
        if (!_once.TryGetValue(key, out var value))
            value = _once[key] = emit();
        return value;
    }

    /// <summary>A constant tensor of numbers that is part of the definition, not of the checkpoint.</summary>
    public string Constant(string name, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) =>
        Graph.Inline(name, ElementType.Float, shape, MemoryMarshal.AsBytes(values));
}
