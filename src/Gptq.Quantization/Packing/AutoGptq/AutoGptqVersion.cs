namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>The two forms of the layout, which differ in how zero points are stored.</summary>
public enum AutoGptqVersion
{
    /// <summary>checkpoint_format "gptq": zero − 1. What most tools load; it has no zero point 0.</summary>
    V1,

    /// <summary>checkpoint_format "gptq_v2": the zero point itself.</summary>
    V2,
}
