namespace Gptq.Quantization.Caching;

/// <summary>What pruning did.</summary>
/// <param name="Removed">Entries and journals removed.</param>
/// <param name="FreedBytes">Their size. Hard links in output folders keep the space until they go, too.</param>
/// <param name="InUse">Entries and journals that were to go but stay, because a process uses them.</param>
/// <param name="RemainingBytes">The size of what is left.</param>
public sealed record PruneReport(int Removed, long FreedBytes, int InUse, long RemainingBytes);
