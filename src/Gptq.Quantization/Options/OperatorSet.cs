namespace Gptq.Quantization.Options;

/// <summary>The operators that a quantized graph is written with.</summary>
public enum OperatorSet
{
    /// <summary>The fastest that can hold the bits asked for.</summary>
    Auto,

    /// <summary>ONNX Runtime's own (com.microsoft): 2, 4 and 8 bits.</summary>
    OnnxRuntime,

    /// <summary>As <see cref="OnnxRuntime"/>, in the forms that CUDA has fast kernels for: float16 products, scales, attention and cache; 4 and 8 bits.</summary>
    OnnxRuntimeHalf,

    /// <summary>The operators of Gptq.Runtime: 2, 3, 4, 8 bits and ternary.</summary>
    Gptq,

    /// <summary>Standard ONNX only.</summary>
    Portable,
}
