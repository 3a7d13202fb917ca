using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Gptq.Onnx.Protocol;

namespace Gptq.Onnx;

/// <summary>
/// Writes an ONNX graph node by node. Values are their names; each method that adds something returns the name of what it made.
/// Names depend on the order of calls alone, so the same calls give the same bytes.
/// </summary>
public sealed class GraphBuilder
{
    private readonly GraphProto _graph;
    private readonly ExternalDataWriter? _data;
    private readonly Dictionary<string, int> _nodeNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _initializers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _opsets = new(StringComparer.Ordinal) { [Domains.Standard] = Domains.StandardVersion };
    private readonly List<FunctionProto> _functions = [];
    private readonly GraphBuilder? _outer;
    private string _scope = "";

    /// <summary>Starts a graph.</summary>
    /// <param name="name">The graph's name.</param>
    /// <param name="data">Where <see cref="External"/> puts tensors; null for a graph that has none.</param>
    public GraphBuilder(string name, ExternalDataWriter? data = null)
    {
        _graph = new GraphProto { Name = name };
        _data = data;
    }

    private GraphBuilder(string name, GraphBuilder outer)
        : this(name, outer._data)
    {
        _outer = outer;
        _scope = $"{outer._scope}/{name}";
    }

    /// <summary>
    /// Starts the body of a node that repeats it (Scan, Loop). The body may use values of this graph; its constants are this graph's, because
    /// a name must mean one thing in both.
    /// </summary>
    /// <param name="name">The body's name, unlike any other body's in the same scope.</param>
    public GraphBuilder Body(string name) => new(name, this);

    /// <summary>Names of the nodes that follow start with this path, until the result is disposed.</summary>
    public IDisposable Scope(string name)
    {
        var outer = _scope;
        _scope = $"{outer}/{name}";
        return new ScopeEnd(this, outer);
    }

    /// <summary>Adds a graph input.</summary>
    public string Input(string name, ElementType type, params ReadOnlySpan<Dimension> shape)
    {
        _graph.Input.Add(ValueInfo(name, type, shape));
        return name;
    }

    /// <summary>Declares a value as a graph output.</summary>
    /// <param name="name">The output's name; a node must have written a value of this name (<see cref="GraphOperators.Rename"/>).</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its extents.</param>
    public void Output(string name, ElementType type, params ReadOnlySpan<Dimension> shape) =>
        _graph.Output.Add(ValueInfo(name, type, shape));

    /// <summary>Adds a standard node with one output.</summary>
    public string Node(string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Nodes(Domains.Standard, op, inputs, 1, attributes)[0];

    /// <summary>Adds a node of another domain with one output.</summary>
    public string Node(string domain, string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Nodes(domain, op, inputs, 1, attributes)[0];

    /// <summary>Adds a node.</summary>
    /// <param name="domain">The operator's domain; its opset must be known (<see cref="ImportOpset"/>) unless it is a standard one.</param>
    /// <param name="op">The operator.</param>
    /// <param name="inputs">Values; an omitted optional one is an empty name.</param>
    /// <param name="outputs">How many outputs it has.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <returns>The names of the outputs.</returns>
    public string[] Nodes(string domain, string op, ReadOnlySpan<string> inputs, int outputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var name = UniqueNodeName(op);
        var names = new string[outputs];
        for (var index = 0; index < outputs; index++)
            names[index] = outputs == 1 ? $"{name}:out" : $"{name}:{index.ToString(CultureInfo.InvariantCulture)}";
        AddNode(domain, op, name, inputs, names, attributes);
        return names;
    }

    /// <summary>Adds a standard node whose output has a given name.</summary>
    public string NamedNode(string output, string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        AddNode(Domains.Standard, op, UniqueNodeName(op), inputs, [output], attributes);
        return output;
    }

    /// <summary>Adds a node whose outputs have given names.</summary>
    public void NamedNodes(
        string domain, string op, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, params ReadOnlySpan<AttributeProto> attributes) =>
        AddNode(domain, op, UniqueNodeName(op), inputs, outputs, attributes);

    /// <summary>Adds a constant tensor that is kept in the model file itself; the same name again is the same tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its extents; none for a scalar.</param>
    /// <param name="bytes">Its elements, little-endian, row-major.</param>
    public string Inline(string name, ElementType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> bytes)
    {
        if (_outer is not null)
            return _outer.Inline(name, type, shape, bytes);
        if (_initializers.Add(name))
        {
            var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
            tensor.Dims.AddRange(shape.ToArray());
            _graph.Initializer.Add(tensor);
        }

        return name;
    }

    /// <summary>Adds a constant tensor that is kept in the file beside the model; the same name again is the same tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its extents.</param>
    /// <param name="length">Its size in bytes.</param>
    /// <param name="write">Writes its elements, little-endian, row-major. Called now, or not at all when the name is known.</param>
    public string External(string name, ElementType type, ReadOnlySpan<long> shape, long length, Action<Stream> write)
    {
        if (_data is null)
            throw new InvalidOperationException("This graph has no file for external data.");
        if (_initializers.Add(name))
        {
            var tensor = new TensorProto
            {
                Name = name, DataType = (int)type, DataLocation = TensorProto.Types.DataLocation.External,
            };
            tensor.Dims.AddRange(shape.ToArray());
            tensor.ExternalData.AddRange(_data.Append(length, write));
            _graph.Initializer.Add(tensor);
        }

        return name;
    }

    /// <summary>A constant vector of whole numbers.</summary>
    public string Constant(params ReadOnlySpan<long> values) =>
        Inline($"const:{string.Join(',', values.ToArray())}", ElementType.Int64, [values.Length], MemoryMarshal.AsBytes(values));

    /// <summary>A constant whole number without extents.</summary>
    public string Scalar(long value) =>
        Inline($"const:{value.ToString(CultureInfo.InvariantCulture)}:scalar", ElementType.Int64, [], MemoryMarshal.AsBytes([value]));

    /// <summary>A constant number without extents.</summary>
    public string Scalar(float value) =>
        Inline($"const:{value.ToString("R", CultureInfo.InvariantCulture)}f", ElementType.Float, [], MemoryMarshal.AsBytes([value]));

    /// <summary>Says which version of a domain's operators the graph is written against.</summary>
    public void ImportOpset(string domain, long version) => _opsets[domain] = version;

    /// <summary>
    /// Adds a node with one output and the function that stands for its operator where no kernel is registered. Functions of the same
    /// operator differ in their overload; the same overload again is the same function.
    /// </summary>
    public string Call(FunctionProto function, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (!_functions.Exists(known => known.Domain == function.Domain && known.Name == function.Name && known.Overload == function.Overload))
            _functions.Add(function);
        var output = Node(function.Domain, function.Name, inputs, attributes);
        _graph.Node[^1].Overload = function.Overload;
        return output;
    }

    /// <summary>The graph written so far, as the attribute that gives a node its body.</summary>
    public AttributeProto AsAttribute(string name)
    {
        if (_outer is not null)
        {
            foreach (var (domain, version) in _opsets)
                _outer._opsets[domain] = version;
        }

        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = _graph };
    }

    /// <summary>Writes an entry into the model's metadata, where sessions can read it.</summary>
    /// <param name="key">The entry's name; each once.</param>
    /// <param name="value">Its value.</param>
    public void Metadata(string key, string value) => _metadata.Add(key, value);

    /// <summary>The model written so far.</summary>
    public ModelProto ToModel()
    {
        var model = new ModelProto { IrVersion = Domains.IrVersion, ProducerName = "Gptq.Build", Graph = _graph };
        foreach (var (domain, version) in _opsets)
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        model.Functions.AddRange(_functions);
        foreach (var (key, value) in _metadata) model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    private static ValueInfoProto ValueInfo(string name, ElementType type, ReadOnlySpan<Dimension> shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        foreach (var extent in shape)
        {
            tensor.Shape.Dim.Add(extent.Name is null
                ? new TensorShapeProto.Types.Dimension { DimValue = extent.Value }
                : new TensorShapeProto.Types.Dimension { DimParam = extent.Name });
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private void AddNode(
        string domain, string op, string name, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, ReadOnlySpan<AttributeProto> attributes)
    {
        if (!_opsets.ContainsKey(domain))
            _opsets[domain] = 1;
        var node = new NodeProto { Name = name, OpType = op, Domain = domain };
        node.Input.AddRange(inputs.ToArray());
        node.Output.AddRange(outputs.ToArray());
        node.Attribute.AddRange(attributes.ToArray());
        _graph.Node.Add(node);
    }

    private string UniqueNodeName(string op)
    {
        var name = $"{_scope}/{op}";
        var count = _nodeNames.GetValueOrDefault(name);
        _nodeNames[name] = count + 1;
        return count == 0 ? name : $"{name}_{count.ToString(CultureInfo.InvariantCulture)}";
    }

    private sealed class ScopeEnd(GraphBuilder builder, string outer) : IDisposable
    {
        public void Dispose() => builder._scope = outer;
    }
}
