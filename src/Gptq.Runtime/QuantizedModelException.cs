namespace Gptq.Runtime;

/// <summary>A model's folder is damaged or does not fit what is asked of it; the code has a section in docs/diagnostics.md.</summary>
public sealed class QuantizedModelException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="code">The diagnostic code, GPTQnnnn.</param>
    /// <param name="reason">What is wrong and what to do about it, in full sentences.</param>
    /// <param name="file">The file or folder at fault, when there is one.</param>
    /// <param name="inner">What caused it.</param>
    public QuantizedModelException(string code, string reason, string? file = null, Exception? inner = null)
        : base(file is null ? $"{code}: {reason}" : $"{code}: {file}: {reason}", inner)
    {
        Code = code;
        File = file;
        Reason = reason;
    }

    /// <summary>The diagnostic code, GPTQnnnn.</summary>
    public string Code { get; }

    /// <summary>The file or folder at fault, when there is one.</summary>
    public string? File { get; }

    /// <summary>What is wrong and what to do about it, without the code and the file.</summary>
    public string Reason { get; }
}
