namespace Gptq.Runtime.Operators;

/// <summary>
/// A model or an input that an operator refuses. ONNX Runtime carries the text alone to the caller, in whatever exception its language has:
/// the code stands in front.
/// </summary>
/// <param name="code">One of the constants.</param>
/// <param name="reason">What is wrong.</param>
internal sealed class OperatorException(string code, string reason) : InvalidOperationException(reason)
{
    /// <summary>The node cannot be loaded.</summary>
    public const string Node = "GPTQ6020";

    /// <summary>An input does not fit the node.</summary>
    public const string Input = "GPTQ6021";

    /// <summary>The code.</summary>
    public string Code { get; } = code;

    /// <summary>A text for ONNX Runtime's status.</summary>
    /// <param name="name">The operator.</param>
    /// <param name="exception">What stopped it.</param>
    /// <param name="code">The code of exceptions that have none.</param>
    public static string Describe(string name, Exception exception, string code) =>
        $"{(exception as OperatorException)?.Code ?? code}: {name}: {exception.Message}";
}
