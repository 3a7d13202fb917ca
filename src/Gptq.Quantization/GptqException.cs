namespace Gptq.Quantization;

/// <summary>A failure with a diagnostic code, thrown once where it is known and printed once at the edge (command line or MSBuild).</summary>
/// <remarks>
/// Codes: 1xxx project file and metadata, 2xxx finding and reading checkpoints, 3xxx calibration, 4xxx solving, 5xxx writing and packaging,
/// 6xxx devices and native libraries, 7xxx quality gates. Each has a section in docs/diagnostics.md.
/// </remarks>
public sealed class GptqException : Exception
{
    /// <summary>Creates a failure.</summary>
    /// <param name="code">The diagnostic code, GPTQnnnn.</param>
    /// <param name="message">What is wrong and what to do about it, in full sentences.</param>
    /// <param name="file">The file that is at fault, when there is one.</param>
    /// <param name="inner">What caused it.</param>
    public GptqException(string code, string message, string? file = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        File = file;
    }

    /// <summary>The diagnostic code, GPTQnnnn.</summary>
    public string Code { get; }

    /// <summary>The file that is at fault, when there is one.</summary>
    public string? File { get; }
}
