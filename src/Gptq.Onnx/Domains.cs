namespace Gptq.Onnx;

/// <summary>The operator sets that models are written against.</summary>
public static class Domains
{
    /// <summary>Standard ONNX.</summary>
    public const string Standard = "";

    /// <summary>ONNX Runtime's own operators: MatMulNBits, GroupQueryAttention, FusedMatMul, …</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>The version of standard ONNX: 21 is the first with block-wise DequantizeLinear.</summary>
    public const long StandardVersion = 21;

    /// <summary>The version of the file format that goes with it.</summary>
    public const long IrVersion = 10;
}
