using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>Parameters are inputs of the graph. Those of a block are named without the block's prefix, so that all blocks have the same graph.</summary>
/// <remarks>The rows of a table are the tokens that occur in a batch, not the vocabulary: <see cref="BindTable"/>.</remarks>
/// <param name="graph">The graph.</param>
/// <param name="prefix">What is cut off.</param>
internal sealed class InputParameters(GraphBuilder graph, string prefix) : IParameterBinding
{
    private readonly List<(string Input, Parameter Parameter)> _inputs = [];
    private readonly Dictionary<string, ElementType> _others = new(StringComparer.Ordinal);

    /// <summary>The inputs made so far: the graph's name for each and what it is.</summary>
    public IReadOnlyList<(string Input, Parameter Parameter)> Inputs => _inputs;

    /// <summary>The type of an input.</summary>
    public ElementType TypeOf(string input) => _others.GetValueOrDefault(input, ElementType.Float);

    public string Bind(Parameter parameter) => Bind(parameter, ElementType.Float);

    /// <summary>The input for a parameter in another type than float.</summary>
    public string Bind(Parameter parameter, ElementType type)
    {
        var input = parameter.Name.StartsWith(prefix, StringComparison.Ordinal) ? parameter.Name[prefix.Length..] : parameter.Name;
        if (!_inputs.Exists(known => known.Input == input))
        {
            graph.Input(input, type, [.. parameter.Shape.Select(extent => (Dimension)extent)]);
            _inputs.Add((input, parameter));
            if (type != ElementType.Float) _others[input] = type;
        }

        return input;
    }

    /// <summary>The input for a table of token vectors, [rows, columns] with any number of rows.</summary>
    public string BindTable(EmbeddingModule table)
    {
        Table = table;
        return graph.Input(table.WeightName, ElementType.Float, "rows", table.Columns);
    }

    /// <summary>The table met, if any.</summary>
    public EmbeddingModule? Table { get; private set; }
}
