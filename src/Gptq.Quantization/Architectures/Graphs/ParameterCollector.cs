namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>Notes which parameters a graph asks for.</summary>
internal sealed class ParameterCollector : IParameterBinding
{
    private readonly Dictionary<string, Parameter> _parameters = new(StringComparer.Ordinal);

    public IEnumerable<Parameter> Parameters => _parameters.Values.OrderBy(parameter => parameter.Name, StringComparer.Ordinal);

    public string Bind(Parameter parameter)
    {
        _parameters.TryAdd(parameter.Name, parameter);
        return parameter.Name;
    }
}
