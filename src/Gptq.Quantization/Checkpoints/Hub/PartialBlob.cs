namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>The beginning of a blob, in a file whose name nobody takes for the whole: <c>etag.incomplete</c>, as Hugging Face's own tools name it.</summary>
internal sealed class PartialBlob : IAsyncDisposable
{
    private const int BufferLength = 1 << 20;

    private readonly string _path;
    private readonly HubFile _file;
    private readonly FileStream _stream;
    private BlobChecksum _checksum;

    private PartialBlob(string path, HubFile file, FileStream stream)
    {
        _path = path;
        _file = file;
        _stream = stream;
        _checksum = new BlobChecksum(file.Etag, file.Size);
    }

    /// <summary>Bytes that are here.</summary>
    public long Length { get; private set; }

    /// <summary>Opens what an earlier download left, or starts.</summary>
    public static async Task<PartialBlob> OpenAsync(string path, HubFile file, CancellationToken cancellation)
    {
        FileStream? stream = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0, FileOptions.Asynchronous);
            var blob = new PartialBlob(path, file, stream);
            await blob.ReadExistingAsync(cancellation).ConfigureAwait(false);
            stream = null;
            return blob;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, path);
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Adds content.</summary>
    /// <exception cref="GptqException">GPTQ2408: the disk is full. GPTQ2409: it cannot be written.</exception>
    public async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, _path);
        }

        _checksum.Append(bytes.Span);
        Length += bytes.Length;
    }

    /// <summary>Starts over.</summary>
    public void Clear()
    {
        try
        {
            _stream.SetLength(0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, _path);
        }

        _checksum.Dispose();
        _checksum = new BlobChecksum(_file.Etag, _file.Size);
        Length = 0;
    }

    /// <summary>Whether all bytes are here and are the right ones. When they are not, nothing is left of them.</summary>
    public bool Verify()
    {
        if (Length == _file.Size && _checksum.Matches())
        {
            return true;
        }

        Clear();
        return false;
    }

    /// <summary>Gives the content its final name, after it is safely on the disk.</summary>
    public async Task CompleteAsync(string path)
    {
        try
        {
            _stream.Flush(flushToDisk: true);
            await _stream.DisposeAsync().ConfigureAwait(false);
            File.Move(_path, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _checksum.Dispose();
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ReadExistingAsync(CancellationToken cancellation)
    {
        if (_stream.Length > _file.Size)
        {
            Clear();
        }

        var buffer = new byte[Math.Min(BufferLength, _stream.Length)];
        for (int read; buffer.Length > 0 && (read = await _stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            _checksum.Append(buffer.AsSpan(0, read));
            Length += read;
        }
    }
}
