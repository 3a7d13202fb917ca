using Gptq.Onnx;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>
/// Linears become MatMulNBits in float16, as CUDA's fast kernels take it: 4 or 8 bits, blocks of 32, 64 or 128. What goes in and comes out is
/// float32; the bias is added to that.
/// </summary>
/// <param name="quantized">Gives a linear's codes; called once for each, when its weights are written.</param>
public sealed class HalfMatMulNBitsEmitter(Func<LinearModule, QuantizedLinear> quantized) : ILinearEmitter
{
    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(linear);
        var tensors = MatMulNBitsTensors.Add(graph, linear.Name, quantized(linear), ElementType.Float16);
        var product = graph.Node(
            Domains.Microsoft, "MatMulNBits", [graph.Cast(input, ElementType.Float16), tensors.Codes, tensors.Scales, tensors.Zeros],
            Attributes.Int("K", linear.InFeatures), Attributes.Int("N", linear.OutFeatures), Attributes.Int("bits", (int)tensors.Packing.Bits),
            Attributes.Int("block_size", tensors.Packing.BlockSize));
        var wide = graph.Cast(product, ElementType.Float);
        return bias is null ? wide : graph.Add(wide, bias);
    }
}
