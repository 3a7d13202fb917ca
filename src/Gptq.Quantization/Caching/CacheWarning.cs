namespace Gptq.Quantization.Caching;

/// <summary>Something about a cache that a user should know and that the build survives.</summary>
/// <param name="Code">The diagnostic code, GPTQnnnn; see docs/diagnostics.md.</param>
/// <param name="Message">What is wrong, what happens instead, and what to do about it.</param>
/// <param name="File">The file or folder at fault, when there is one.</param>
public sealed record CacheWarning(string Code, string Message, string? File = null);
