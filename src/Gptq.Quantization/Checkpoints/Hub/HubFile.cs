namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>A file of a model on the hub.</summary>
/// <param name="Name">Its plain name.</param>
/// <param name="Etag">Its checksum: SHA-256 for large files, git's SHA-1 for others.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record HubFile(string Name, string Etag, long Size);
