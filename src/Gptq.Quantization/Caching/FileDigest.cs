namespace Gptq.Quantization.Caching;

/// <summary>A file's content, named by its digest.</summary>
/// <param name="Path">The full path that was read.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">64 lowercase hexadecimal digits.</param>
public sealed record FileDigest(string Path, long Size, string Sha256);
