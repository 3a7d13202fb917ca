namespace Gptq.Runtime.Operators;

/// <summary>A node of a loaded session. Several threads may compute it at once.</summary>
internal abstract class OperatorKernel(OrtApi api, string name) : IDisposable
{
    /// <summary>ONNX Runtime.</summary>
    public OrtApi Api { get; } = api;

    /// <summary>The operator's name, for messages.</summary>
    public string Name { get; } = name;

    /// <summary>Computes the node once.</summary>
    /// <param name="context">The inputs and outputs of the run.</param>
    public abstract void Compute(nint context);

    /// <inheritdoc/>
    public abstract void Dispose();
}
