namespace Gptq.Quantization;

/// <summary>Something a person should know of, though the work went on.</summary>
/// <param name="Code">The diagnostic code, GPTQnnnn, with a section in docs/diagnostics.md.</param>
/// <param name="Message">What happened and what to do about it, in full sentences.</param>
/// <param name="File">The file concerned, when there is one.</param>
public sealed record GptqWarning(string Code, string Message, string? File = null);
