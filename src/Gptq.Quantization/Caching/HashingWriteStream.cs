using System.Security.Cryptography;

namespace Gptq.Quantization.Caching;

/// <summary>Writes a new file, digesting what passes. Disposing brings the file to the disk. A full disk comes out as GPTQ5101.</summary>
internal sealed class HashingWriteStream : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly FileStream _file;
    private readonly Action<long, string>? _onClosed;
    private long _length;
    private bool _finished;

    /// <summary>Makes the file.</summary>
    /// <param name="path">Must not exist.</param>
    /// <param name="onClosed">Told size and digest once the file is on the disk; not called when that fails.</param>
    public HashingWriteStream(string path, Action<long, string>? onClosed = null)
    {
        _onClosed = onClosed;
        try
        {
            _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            _hash.Dispose();
            throw DiskFull.Error(path, exception);
        }
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _file.Write(buffer);
        }
        catch (IOException exception)
        {
            _finished = true; // what is in the file now is unknown
            if (DiskFull.Is(exception))
                throw DiskFull.Error(_file.Name, exception);
            throw;
        }
        _hash.AppendData(buffer);
        _length += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => _file.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        try
        {
            if (disposing && !_finished)
                Finish();
        }
        finally
        {
            if (disposing)
                Close(_file);
            _hash.Dispose();
            base.Dispose(disposing);
        }
    }

    private void Finish()
    {
        _finished = true;
        try
        {
            _file.Flush(flushToDisk: true);
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            throw DiskFull.Error(_file.Name, exception);
        }
        _onClosed?.Invoke(_length, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    // After a failed write the buffer is still full, and closing would fail once more over the same bytes.
    private static void Close(FileStream file)
    {
        try
        {
            file.Dispose();
        }
        catch (IOException)
        {
        }
    }
}
