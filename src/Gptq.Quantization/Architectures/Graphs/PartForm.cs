using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>How a part of a model is written for calibration.</summary>
/// <param name="Products">
/// The type of the linears' products: their weights are inputs of this type, and what they multiply is rounded to it. Everything else
/// (norms, softmax, the residual stream, sums) stays float32.
/// </param>
/// <param name="Grams">Whether the Gram matrices of the linears' inputs can be had as outputs.</param>
internal sealed record PartForm(ElementType Products, bool Grams)
{
    /// <summary>float32, and inputs of linears as they are: for the processor.</summary>
    public static PartForm Single { get; } = new(ElementType.Float, Grams: false);

    /// <summary>float16 products and Gram matrices: for devices.</summary>
    public static PartForm Device { get; } = new(ElementType.Float16, Grams: true);
}
