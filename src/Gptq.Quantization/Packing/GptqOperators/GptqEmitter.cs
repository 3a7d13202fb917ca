using Gptq.Numerics.Packed;
using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing.GptqOperators;

/// <summary>
/// Linears become gptq.MatMul and embeddings gptq.Gather, the operators of Gptq.Runtime. A head that gets the very codes of its embedding
/// (one <see cref="QuantizedLinear"/> object) shares its tensors. The model also gets the operators as functions in standard ONNX, which
/// run, slowly, where the operators are not registered.
/// </summary>
/// <param name="linears">Gives a linear's codes; called once for each, when its weights are written.</param>
/// <param name="tables">Gives an embedding's codes, or null where embeddings stay as they are.</param>
/// <param name="precision">How the operators see activations, unless a session says otherwise.</param>
public sealed class GptqEmitter(
    Func<LinearModule, QuantizedLinear> linears,
    Func<EmbeddingModule, QuantizedLinear>? tables = null,
    ActivationPrecision precision = ActivationPrecision.Bits16) : ILinearEmitter, IEmbeddingEmitter
{
    /// <summary>The operators' domain.</summary>
    public const string Domain = "gptq";

    private readonly PackedTensors _tensors = new();

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var packed = _tensors.Add(graph, linear.Name, linears(linear));
        string[] inputs = bias is null ? [input, .. packed.Inputs] : [input, .. packed.Inputs, bias];
        var function = FunctionBodies.MatMul(packed.Format, packed.HasZeros, packed.HasColumns, bias is not null);
        return graph.Call(function, inputs, [.. packed.Attributes, Attributes.Int("activation_bits", (int)precision)]);
    }

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, EmbeddingModule table, string ids)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(table);
        var codes = tables ?? throw new InvalidOperationException("No codes for embeddings were given.");
        var packed = _tensors.Add(graph, table.Name, codes(table));
        var function = FunctionBodies.Gather(packed.Format, packed.HasZeros, packed.HasColumns);
        return graph.Call(function, [ids, .. packed.Inputs], packed.Attributes);
    }
}
