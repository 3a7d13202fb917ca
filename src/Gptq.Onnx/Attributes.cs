using Google.Protobuf;
using Gptq.Onnx.Protocol;
using Kind = Gptq.Onnx.Protocol.AttributeProto.Types.AttributeType;

namespace Gptq.Onnx;

/// <summary>Makes the attributes of nodes.</summary>
public static class Attributes
{
    /// <summary>A whole number.</summary>
    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = Kind.Int, I = value };

    /// <summary>Whole numbers.</summary>
    public static AttributeProto Ints(string name, params ReadOnlySpan<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = Kind.Ints };
        attribute.Ints.AddRange(values.ToArray());
        return attribute;
    }

    /// <summary>A number.</summary>
    public static AttributeProto Float(string name, float value) => new() { Name = name, Type = Kind.Float, F = value };

    /// <summary>A text.</summary>
    public static AttributeProto Text(string name, string value) => new() { Name = name, Type = Kind.String, S = ByteString.CopyFromUtf8(value) };

    /// <summary>In the body of a function: the attribute <paramref name="name"/> has the value that the caller gave as <paramref name="reference"/>.</summary>
    /// <param name="name">The inner node's attribute.</param>
    /// <param name="type">Its type.</param>
    /// <param name="reference">The function's attribute.</param>
    public static AttributeProto Reference(string name, Kind type, string reference) => new() { Name = name, Type = type, RefAttrName = reference };
}
