namespace Gptq.Runtime.Chat.Jinja;

/// <summary>A template uses what is not supported, is malformed, or refuses its input.</summary>
internal sealed class JinjaException(string message) : Exception(message);
