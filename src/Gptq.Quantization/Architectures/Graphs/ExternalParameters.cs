using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Graphs;

/// <summary>Parameters are constants, kept in the file beside the model.</summary>
internal sealed class ExternalParameters(Architecture architecture, GraphBuilder graph) : IParameterBinding
{
    public string Bind(Parameter parameter) => graph.External(
        parameter.Name,
        ElementType.Float,
        [.. parameter.Shape.Select(extent => (long)extent)],
        4 * parameter.ElementCount,
        stream => architecture.CopyStored(parameter, stream));
}
