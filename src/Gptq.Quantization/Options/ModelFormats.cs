namespace Gptq.Quantization.Options;

/// <summary>What a quantized model is written as; several stand in one folder side by side.</summary>
[Flags]
public enum ModelFormats
{
    /// <summary>Nothing; no request has this.</summary>
    None = 0,

    /// <summary>model.onnx and its packed weights, for ONNX Runtime.</summary>
    Onnx = 1,

    /// <summary>A checkpoint in AutoGPTQ's layout with checkpoint_format gptq, which transformers, vLLM and others load.</summary>
    Gptq = 2,

    /// <summary>The same with checkpoint_format gptq_v2, which stores zero points as they are.</summary>
    GptqV2 = 4,
}
