using Gptq.Onnx.Protocol;

namespace Gptq.Onnx;

/// <summary>What a tensor's elements are, with ONNX's own numbers.</summary>
public enum ElementType
{
    /// <summary>32-bit floating point.</summary>
    Float = TensorProto.Types.DataType.Float,

    /// <summary>Unsigned byte; packed codes of any width are bytes too.</summary>
    UInt8 = TensorProto.Types.DataType.Uint8,

    /// <summary>Signed byte.</summary>
    Int8 = TensorProto.Types.DataType.Int8,

    /// <summary>32-bit integer.</summary>
    Int32 = TensorProto.Types.DataType.Int32,

    /// <summary>64-bit integer: ids, shapes, positions.</summary>
    Int64 = TensorProto.Types.DataType.Int64,

    /// <summary>Truth value, one byte each.</summary>
    Bool = TensorProto.Types.DataType.Bool,

    /// <summary>16-bit floating point (IEEE).</summary>
    Float16 = TensorProto.Types.DataType.Float16,

    /// <summary>16-bit floating point with float's exponent.</summary>
    BFloat16 = TensorProto.Types.DataType.Bfloat16,

    /// <summary>Unsigned 4-bit integer, two to a byte, the first in the low half.</summary>
    UInt4 = TensorProto.Types.DataType.Uint4,
}
