namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>How far a download is.</summary>
/// <param name="File">The file that went on.</param>
/// <param name="FileBytes">Its bytes that are here.</param>
/// <param name="FileTotal">Its bytes in all.</param>
/// <param name="Bytes">The bytes of all files that are here.</param>
/// <param name="Total">The bytes of all files.</param>
public readonly record struct HubProgress(string File, long FileBytes, long FileTotal, long Bytes, long Total);
