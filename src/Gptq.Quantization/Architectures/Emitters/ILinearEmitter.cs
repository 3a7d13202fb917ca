using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>What a linear layer becomes in a graph: a float product, a quantized operator, …</summary>
public interface ILinearEmitter
{
    /// <summary>Adds the nodes of y = x Wᵀ (+ bias).</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="linear">The layer.</param>
    /// <param name="input">The value x, [batch, sequence, in].</param>
    /// <param name="bias">A value [out] to add, or null.</param>
    /// <returns>The value y, [batch, sequence, out].</returns>
    string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias);
}
