using System.Buffers.Binary;
using System.Text;
using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>Where the entries of a zip file are, so that they can be read in place. Entries are stored, never compressed: nothing can be inflated.</summary>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint End64LocatorSignature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int End64Length = 56;
    private const int End64LocatorLength = 20;
    private const int EntryLength = 46;
    private const int LocalLength = 30;
    private const int MaxDirectory = 64 << 20;

    private readonly MappedFile _file;
    private readonly PyTorchErrors _errors;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(MappedFile file, PyTorchErrors errors)
    {
        _file = file;
        _errors = errors;
    }

    /// <summary>The entries' names.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Reads the directory at the end of a zip file.</summary>
    /// <exception cref="GptqException">GPTQ2217: it is damaged.</exception>
    public static ZipDirectory Read(MappedFile file, PyTorchErrors errors)
    {
        var directory = new ZipDirectory(file, errors);
        var (offset, length) = directory.FindDirectory();
        directory.ReadEntries(directory.Bytes(offset, length));
        return directory;
    }

    /// <summary>The range of the file that an entry's data takes.</summary>
    /// <exception cref="GptqException">GPTQ2217: there is no such entry, or it is compressed, encrypted or not in the file.</exception>
    public (long Offset, long Length) Find(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            throw _errors.Zip($"it has no entry '{name}'");
        }

        if (entry.Method != 0 || (entry.Flags & 1) != 0 || entry.Length != entry.StoredLength)
        {
            throw _errors.Zip($"the entry '{name}' is compressed or encrypted");
        }

        var header = Bytes(entry.Offset, LocalLength);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LocalSignature)
        {
            throw _errors.Zip($"the entry '{name}' is not where the directory says");
        }

        var start = entry.Offset + LocalLength
            + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(26)) + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(28));
        return start <= _file.Length - entry.Length ? (start, entry.Length) : throw _errors.Zip($"the entry '{name}' is cut off");
    }

    private (long Offset, long Length) FindDirectory()
    {
        // The record stands at the very end, before a comment that torch does not write but tools may.
        var tail = Bytes(Math.Max(0, _file.Length - EndLength - ushort.MaxValue), Math.Min(_file.Length, EndLength + ushort.MaxValue));
        for (var i = tail.Length - EndLength; i >= 0; i--)
        {
            var end = tail.AsSpan(i);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) == EndSignature && BinaryPrimitives.ReadUInt16LittleEndian(end[20..]) == end.Length - EndLength)
            {
                var length = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
                var offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
                return length == uint.MaxValue || offset == uint.MaxValue || BinaryPrimitives.ReadUInt16LittleEndian(end[10..]) == ushort.MaxValue
                    ? FindDirectory64(_file.Length - tail.Length + i)
                    : (offset, length);
            }
        }

        throw _errors.Zip("its directory is missing, so it was cut off");
    }

    private (long Offset, long Length) FindDirectory64(long end)
    {
        var locator = Bytes(end - End64LocatorLength, End64LocatorLength);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != End64LocatorSignature)
        {
            throw _errors.Zip("its directory is missing");
        }

        var record = Bytes(BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8)), End64Length);
        return BinaryPrimitives.ReadUInt32LittleEndian(record) == End64Signature
            ? (BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(40)))
            : throw _errors.Zip("its directory is missing");
    }

    private void ReadEntries(ReadOnlySpan<byte> directory)
    {
        while (directory.Length >= EntryLength && BinaryPrimitives.ReadUInt32LittleEndian(directory) == EntrySignature)
        {
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[28..]);
            var extraLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[30..]);
            var length = EntryLength + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(directory[32..]);
            if (length > directory.Length)
            {
                break;
            }

            var name = Encoding.UTF8.GetString(directory.Slice(EntryLength, nameLength));
            if (!_entries.TryAdd(name, ReadEntry(directory, directory.Slice(EntryLength + nameLength, extraLength))))
            {
                throw _errors.Zip($"it has two entries '{name}'");
            }

            directory = directory[length..];
        }

        if (!directory.IsEmpty)
        {
            throw _errors.Zip("its directory is damaged");
        }
    }

    private static Entry ReadEntry(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        long stored = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);

        // The extra field 1 has, in this order, those of the three that do not fit into 32 bits.
        while (extra.Length >= 4)
        {
            var size = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]), extra.Length - 4);
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == 1)
            {
                var wide = extra.Slice(4, size);
                length = Widen(length, ref wide);
                stored = Widen(stored, ref wide);
                offset = Widen(offset, ref wide);
            }

            extra = extra[(4 + size)..];
        }

        return new Entry(
            BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]), stored, length, offset);
    }

    private static long Widen(long value, ref ReadOnlySpan<byte> wide)
    {
        if (value == uint.MaxValue && wide.Length >= sizeof(long))
        {
            value = BinaryPrimitives.ReadInt64LittleEndian(wide);
            wide = wide[sizeof(long)..];
        }

        return value;
    }

    private byte[] Bytes(long offset, long length)
    {
        if (length is < 0 or > MaxDirectory || offset < 0 || offset > _file.Length - length)
        {
            throw _errors.Zip("its directory points outside the file");
        }

        var bytes = new byte[length];
        _file.Read(offset, bytes);
        return bytes;
    }

    private readonly record struct Entry(ushort Flags, ushort Method, long StoredLength, long Length, long Offset);
}
