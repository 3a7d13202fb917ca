namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>How a graph gets the parameters that are no linear's weight: constants of a shipped model, inputs of a calibration graph, …</summary>
internal interface IParameterBinding
{
    /// <summary>The value that holds a parameter, [shape].</summary>
    string Bind(Parameter parameter);
}
