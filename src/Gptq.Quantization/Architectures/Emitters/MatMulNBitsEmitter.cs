using Gptq.Onnx;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Linears become ONNX Runtime's com.microsoft MatMulNBits.</summary>
/// <param name="quantized">Gives a linear's codes; called once for each, when its weights are written.</param>
/// <param name="accuracyLevel">
/// What activations may be rounded to: 0 nothing (float32), 4 int8. Null takes 0 where ONNX Runtime has a fast kernel for it, at 4 bits; 2 and 8 bits take 4,
/// because at level 0 they are many times slower than the float product.
/// </param>
public sealed class MatMulNBitsEmitter(Func<LinearModule, QuantizedLinear> quantized, int? accuracyLevel = null) : ILinearEmitter
{
    private const int Exact = 0;
    private const int Int8 = 4;

    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias) => Emit(graph, linear, linear.Name, input, bias);

    /// <summary>Adds the nodes of a linear whose constants are named, and where they are there already shared, as another module's.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="linear">The layer.</param>
    /// <param name="name">The module that the constants are named after: for a tied head, the embedding.</param>
    /// <param name="input">The value x, [batch, sequence, in].</param>
    /// <param name="bias">A value [out] to add, or null.</param>
    /// <returns>The value y, [batch, sequence, out].</returns>
    public string Emit(GraphBuilder graph, LinearModule linear, string name, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var tensors = MatMulNBitsTensors.Add(graph, name, quantized(linear));
        string[] inputs = [input, tensors.Codes, tensors.Scales, tensors.Zeros];
        return graph.Node(
            Domains.Microsoft, "MatMulNBits", bias is null ? inputs : [.. inputs, "", bias],
            Attributes.Int("K", linear.InFeatures), Attributes.Int("N", linear.OutFeatures), Attributes.Int("bits", (int)tensors.Packing.Bits),
            Attributes.Int("block_size", tensors.Packing.BlockSize), Attributes.Int("accuracy_level", accuracyLevel ?? (tensors.Packing.Bits == BitWidth.Four ? Exact : Int8)));
    }
}
