using System.Globalization;

namespace Gptq.Quantization.Caching;

/// <summary>
/// The finished blocks of one running quantization, on the disk: after a kill, a power cut or a full disk the next build goes on after
/// the last of them. It belongs to a held <see cref="CacheEntry"/> and goes when that is committed.
/// </summary>
/// <remarks>
/// A block's results are kept to the end. What only the next block needs is <em>carried</em>: kept for the last block alone. An engine
/// that carries the calibration activations resumes at once; one that does not (they can be large), or finds them damaged, recomputes
/// them by running the finished blocks with the weights that it reads back.
/// </remarks>
public sealed class BlockJournal
{
    private const string BlockPrefix = "block-";
    private const string TemporaryPrefix = "writing-";

    private readonly string _folder;
    private readonly List<BlockRecord> _records = [];

    private BlockJournal(string folder) => _folder = folder;

    /// <summary>The last block b such that blocks 0 … b are all whole; -1 when there is none.</summary>
    public int LastContiguousBlock => _records.Count - 1;

    /// <summary>Opens a journal and checks every byte in it; from the first damaged block on it is cut.</summary>
    internal static BlockJournal Open(string folder, Action<GptqWarning> warn, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var journal = new BlockJournal(folder);
        while (journal.TryLoad(journal._records.Count, cancellationToken) is { } record)
            journal._records.Add(record);
        journal.Cut(warn);
        journal.DropStaleCarried(warn, cancellationToken);
        return journal;
    }

    /// <summary>Starts the block after <see cref="LastContiguousBlock"/>.</summary>
    /// <param name="block">Its index, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not the next one.</exception>
    /// <exception cref="GptqException">GPTQ5101: disk full.</exception>
    public BlockWriter BeginBlock(int block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(block, _records.Count);
        var folder = Path.Combine(_folder, TemporaryPrefix + Guid.NewGuid().ToString("N"));
        try
        {
            return new BlockWriter(this, folder, block);
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            throw DiskFull.Error(folder, exception);
        }
    }

    /// <summary>The blobs that a finished block keeps, in the order in which they were written.</summary>
    /// <param name="block">0 … <see cref="LastContiguousBlock"/>.</param>
    public IReadOnlyList<string> BlobsOf(int block) => [.. _records[block].Blobs.Where(blob => !blob.Carried).Select(blob => blob.Name)];

    /// <summary>Reads a blob that a finished block keeps, front to back.</summary>
    /// <param name="block">0 … <see cref="LastContiguousBlock"/>.</param>
    /// <param name="name">One of <see cref="BlobsOf"/>.</param>
    /// <exception cref="KeyNotFoundException">No such blob.</exception>
    public Stream OpenBlob(int block, string name) =>
        Find(block, name, carried: false) ?? throw new KeyNotFoundException($"Block {block} has no blob '{name}'.");

    /// <summary>Reads a blob that the last finished block carries.</summary>
    /// <param name="name">As it was created.</param>
    /// <returns>Null when it has none, or it was damaged: recompute it.</returns>
    public Stream? TryOpenCarried(string name) => _records.Count == 0 ? null : Find(LastContiguousBlock, name, carried: true);

    internal void Append(string written, BlockRecord record)
    {
        DurableFolder.Publish(written, FolderOf(record.Block));
        _records.Add(record);
        if (record.Block > 0)
            DeleteCarried(record.Block - 1);
    }

    private FileStream? Find(int block, string name, bool carried)
    {
        var blob = _records[block].Blobs.FirstOrDefault(blob => blob.Name == name && blob.Carried == carried);
        var path = blob is null ? null : Path.Combine(FolderOf(block), blob.File);
        return path is not null && File.Exists(path)
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan)
            : null;
    }

    private string FolderOf(int block) => Path.Combine(_folder, BlockPrefix + block.ToString("D5", CultureInfo.InvariantCulture));

    private BlockRecord? TryLoad(int block, CancellationToken cancellationToken)
    {
        var folder = FolderOf(block);
        if (!Directory.Exists(folder) || BlockRecord.Read(folder, block) is not { } record)
            return null;
        BlockBlob[] kept = [.. record.Blobs.Where(blob => !blob.Carried)];
        var whole = true;
        ParallelWork.For(kept.Length, Environment.ProcessorCount, i =>
        {
            if (!BlockRecord.IsWhole(folder, kept[i], cancellationToken))
                Volatile.Write(ref whole, false);
        }, cancellationToken);
        return whole ? record : null;
    }

    /// <summary>Deletes what follows the last contiguous block, and what a killed process was writing.</summary>
    private void Cut(Action<GptqWarning> warn)
    {
        var damaged = FolderOf(_records.Count);
        if (Directory.Exists(damaged))
        {
            warn(new(
                "GPTQ5108",
                $"The journal of finished blocks is damaged from block {_records.Count} on; these blocks are quantized again. "
                + "If this happens more than once, check the disk.",
                damaged));
        }
        foreach (var folder in Directory.EnumerateDirectories(_folder))
        {
            var name = Path.GetFileName(folder);
            var finished = name.StartsWith(BlockPrefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(BlockPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var block)
                && block < _records.Count;
            if (!finished)
                DurableFolder.Delete(folder);
        }
    }

    private void DropStaleCarried(Action<GptqWarning> warn, CancellationToken cancellationToken)
    {
        for (var block = 0; block < LastContiguousBlock; block++)
            DeleteCarried(block);
        if (_records.Count == 0)
            return;
        var folder = FolderOf(LastContiguousBlock);
        foreach (var blob in _records[^1].Blobs.Where(blob => blob.Carried))
        {
            // Gone without damage when a later block was finished once, and cut off now.
            var path = Path.Combine(folder, blob.File);
            if (!File.Exists(path) || BlockRecord.IsWhole(folder, blob, cancellationToken))
                continue;
            File.Delete(path);
            warn(new(
                "GPTQ5108",
                $"In the journal of finished blocks '{blob.Name}' after block {LastContiguousBlock} is damaged; it is computed again. "
                + "If this happens more than once, check the disk.",
                path));
        }
    }

    private void DeleteCarried(int block)
    {
        foreach (var blob in _records[block].Blobs.Where(blob => blob.Carried))
            File.Delete(Path.Combine(FolderOf(block), blob.File));
    }
}
