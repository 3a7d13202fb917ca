using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Gptq.Onnx.Protocol;
using Kind = Gptq.Onnx.Protocol.AttributeProto.Types.AttributeType;

namespace Gptq.Onnx;

/// <summary>Writes the body of a model-local function node by node, in standard operators.</summary>
public sealed class FunctionBuilder
{
    private readonly FunctionProto _function;

    /// <summary>Starts a function.</summary>
    /// <param name="domain">The domain of the operator that it stands for.</param>
    /// <param name="name">The operator.</param>
    /// <param name="overload">Tells functions of one operator apart.</param>
    /// <param name="inputs">The names of its inputs.</param>
    /// <param name="attributes">The names of its attributes.</param>
    public FunctionBuilder(string domain, string name, string overload, ReadOnlySpan<string> inputs, ReadOnlySpan<string> attributes)
    {
        _function = new FunctionProto { Domain = domain, Name = name, Overload = overload };
        _function.Input.AddRange(inputs.ToArray());
        _function.Attribute.AddRange(attributes.ToArray());
        _function.OpsetImport.Add(new OperatorSetIdProto { Domain = Domains.Standard, Version = Domains.StandardVersion });
    }

    /// <summary>Adds a standard node with one output and returns the output's name.</summary>
    public string Node(string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Nodes(op, inputs, 1, attributes)[0];

    /// <summary>Adds a standard node with several outputs and returns their names.</summary>
    public string[] Nodes(string op, ReadOnlySpan<string> inputs, int outputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var number = _function.Node.Count;
        string[] names = [.. Enumerable.Range(0, outputs).Select(index => string.Create(CultureInfo.InvariantCulture, $"{op}{number}_{index}"))];
        var node = new NodeProto { OpType = op };
        node.Input.AddRange(inputs.ToArray());
        node.Output.AddRange(names);
        node.Attribute.AddRange(attributes.ToArray());
        _function.Node.Add(node);
        return names;
    }

    /// <summary>A constant vector of whole numbers.</summary>
    public string Constant(params ReadOnlySpan<long> values) => Constant(ElementType.Int64, [values.Length], MemoryMarshal.AsBytes(values));

    /// <summary>A constant whole number without extents.</summary>
    public string Scalar(long value) => Constant(ElementType.Int64, [], MemoryMarshal.AsBytes([value]));

    /// <summary>A constant number without extents.</summary>
    public string Scalar(float value) => Constant(ElementType.Float, [], MemoryMarshal.AsBytes([value]));

    /// <summary>A constant column of bytes, [n, 1].</summary>
    public string ByteColumn(params ReadOnlySpan<byte> values) => Constant(ElementType.UInt8, [values.Length, 1], values);

    /// <summary>The value of a whole-number attribute of the function, without extents.</summary>
    public string Attribute(string name) => Node("Constant", [], Attributes.Reference("value_int", Kind.Int, name));

    /// <summary>Ends the function.</summary>
    /// <param name="output">The value that it gives.</param>
    public FunctionProto Build(string output)
    {
        _function.Output.Add(output);
        return _function;
    }

    // As a tensor, not as value_int: readers with proto2 take an attribute that is 0, and so not in the file, for a missing one.
    private string Constant(ElementType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> bytes)
    {
        var tensor = new TensorProto { DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(shape.ToArray());
        return Node("Constant", [], new AttributeProto { Name = "value", Type = Kind.Tensor, T = tensor });
    }
}
