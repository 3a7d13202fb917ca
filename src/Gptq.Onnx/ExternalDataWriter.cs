using System.Globalization;
using Gptq.Onnx.Protocol;

namespace Gptq.Onnx;

/// <summary>
/// Writes the file beside a model that holds its weights. Each tensor goes to the disk as soon as it is given, so no model is ever held
/// in memory; the same tensors in the same order give the same bytes.
/// </summary>
/// <remarks>
/// A runtime maps the file: tensors of a page or more start on a page boundary, smaller ones on a multiple of 64 bytes. The gaps are zero.
/// </remarks>
public sealed class ExternalDataWriter : IDisposable
{
    private const int Page = 4096;
    private const int CacheLine = 64;

    private readonly FileStream _stream;

    /// <summary>Creates the file, which must not exist.</summary>
    /// <param name="path">The file; its name without folder is what the model refers to.</param>
    public ExternalDataWriter(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileName = Path.GetFileName(path);
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
    }

    /// <summary>The name that the model refers to.</summary>
    public string FileName { get; }

    /// <summary>Bytes written so far.</summary>
    public long Length => _stream.Position;

    /// <summary>Appends one tensor.</summary>
    /// <param name="length">Its size in bytes.</param>
    /// <param name="write">Writes exactly that many bytes.</param>
    /// <returns>What the model says about where the tensor is.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="write"/> wrote another number of bytes.</exception>
    public IReadOnlyList<StringStringEntryProto> Append(long length, Action<Stream> write)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentNullException.ThrowIfNull(write);
        var alignment = length >= Page ? Page : CacheLine;
        var padding = (int)((alignment - (_stream.Position % alignment)) % alignment);
        _stream.Write(stackalloc byte[padding]);
        var offset = _stream.Position;
        write(_stream);
        var written = _stream.Position - offset;
        if (written != length)
            throw new InvalidOperationException($"A tensor of {length} bytes was written with {written} bytes.");
        return
        [
            new() { Key = "location", Value = FileName },
            new() { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) },
            new() { Key = "length", Value = length.ToString(CultureInfo.InvariantCulture) },
        ];
    }

    /// <summary>Writes what is buffered to the disk itself.</summary>
    public void Flush() => _stream.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
