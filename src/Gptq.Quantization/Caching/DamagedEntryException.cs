namespace Gptq.Quantization.Caching;

/// <summary>An entry is not what was written. It never leaves the cache: the entry is dropped, reported and built again.</summary>
/// <param name="message">What is damaged, to go after "…: ".</param>
internal sealed class DamagedEntryException(string message) : Exception(message);
