using System.Globalization;

namespace Gptq.Quantization.Caching;

/// <summary>Writes one finished block into a <see cref="BlockJournal"/>. Disposing without <see cref="Commit"/> leaves nothing.</summary>
public sealed class BlockWriter : IDisposable
{
    private readonly BlockJournal _journal;
    private readonly string _folder;
    private readonly int _block;
    private readonly List<BlockBlob> _blobs = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    internal BlockWriter(BlockJournal journal, string folder, int block)
    {
        (_journal, _folder, _block) = (journal, folder, block);
        Directory.CreateDirectory(folder);
    }

    /// <summary>Starts a blob; write it front to back and dispose the stream before the next.</summary>
    /// <param name="name">Unique in the block; any text, such as <c>fc1/codes</c>.</param>
    /// <param name="carried">
    /// True for what only the next block needs, such as the calibration activations after this one: it is deleted when the next block is
    /// finished, and its damage does not make the block useless.
    /// </param>
    /// <exception cref="GptqException">GPTQ5101 (from the stream, too): disk full.</exception>
    public Stream Create(string name, bool carried = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!_names.Add(name))
            throw new ArgumentException($"Block {_block} has a blob '{name}' already.", nameof(name));
        var file = (_names.Count - 1).ToString("D5", CultureInfo.InvariantCulture) + ".blob";
        return new HashingWriteStream(
            Path.Combine(_folder, file), (size, sha256) => _blobs.Add(new(name, file, size, sha256, carried)));
    }

    /// <summary>Makes the block part of the journal: on the disk for good, or not at all.</summary>
    /// <exception cref="InvalidOperationException">A stream is still open.</exception>
    /// <exception cref="GptqException">GPTQ5101: disk full.</exception>
    public void Commit()
    {
        if (_blobs.Count != _names.Count)
            throw new InvalidOperationException("A blob of the block was not closed, or could not be written.");
        try
        {
            var record = BlockRecord.Create(_block, _blobs);
            var path = Path.Combine(_folder, BlockRecord.FileName);
            File.WriteAllBytes(path, record.ToBytes());
            DurableFolder.FlushFile(path);
            FileSystemCalls.FlushFolder(_folder);
            _journal.Append(_folder, record);
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            throw DiskFull.Error(_folder, exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => DurableFolder.Delete(_folder);
}
