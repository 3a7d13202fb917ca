namespace Gptq.Runtime;

/// <summary>A model's folder is damaged or does not fit what is asked of it; the code has a section in docs/diagnostics.md.</summary>
public sealed class QuantizedModelException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="code">The diagnostic code, GPTQnnnn.</param>
    /// <param name="message">What is wrong and what to do about it, in full sentences.</param>
    /// <param name="file">The file or folder at fault, when there is one.</param>
    /// <param name="inner">What caused it.</param>
    public QuantizedModelException(string code, string message, string? file = null, Exception? inner = null)
        : base(file is null ? $"{code}: {message}" : $"{code}: {file}: {message}", inner)
    {
        Code = code;
        File = file;
    }

    /// <summary>The diagnostic code, GPTQnnnn.</summary>
    public string Code { get; }

    /// <summary>The file or folder at fault, when there is one.</summary>
    public string? File { get; }
}
