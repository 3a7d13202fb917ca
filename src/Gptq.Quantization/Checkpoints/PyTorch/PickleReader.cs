using System.Buffers.Binary;
using System.Text;
using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>Reads the bytes of a pickle, which come from nobody knows where: every length is checked before memory is taken for it.</summary>
internal sealed class PickleReader
{
    private const int BufferLength = 1 << 16;

    /// <summary>Bytes of the longest pickle that is read, without the tensors' data: some hundred bytes a tensor are usual.</summary>
    private const long MaxLength = 64 << 20;

    /// <summary>Characters of the longest line, which is the name of a module or a function.</summary>
    private const int MaxLine = 256;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly MappedFile _file;
    private readonly PyTorchErrors _errors;
    private readonly long _end;
    private readonly long _limit;
    private readonly byte[] _buffer = new byte[BufferLength];
    private int _next;
    private int _filled;

    /// <summary>Starts to read.</summary>
    /// <param name="file">The file.</param>
    /// <param name="start">Where the pickle starts.</param>
    /// <param name="end">Where it ends at the latest.</param>
    /// <param name="errors">The failures.</param>
    public PickleReader(MappedFile file, long start, long end, PyTorchErrors errors)
    {
        _file = file;
        _errors = errors;
        _end = end;
        _limit = start + MaxLength;
        Position = start;
    }

    /// <summary>The next byte's offset in the file.</summary>
    public long Position { get; private set; }

    public byte ReadByte()
    {
        if (_next == _filled)
        {
            _filled = (int)Math.Min(BufferLength, _end - Position);
            _next = 0;
            if (_filled <= 0)
            {
                throw _errors.Damaged("the pickle ends too soon");
            }

            _file.Read(Position, _buffer.AsSpan(0, _filled));
        }

        if (++Position > _limit)
        {
            throw _errors.TooBig($"its pickle has more than {MaxLength} bytes");
        }

        return _buffer[_next++];
    }

    public ushort ReadUInt16() => (ushort)(ReadByte() | (ReadByte() << 8));

    public int ReadInt32() => ReadUInt16() | (ReadUInt16() << 16);

    public uint ReadUInt32() => (uint)ReadInt32();

    public ulong ReadUInt64() => ReadUInt32() | ((ulong)ReadUInt32() << 32);

    public double ReadDouble() => BitConverter.Int64BitsToDouble(BinaryPrimitives.ReverseEndianness((long)ReadUInt64()));

    /// <summary>Reads bytes whose number the file states.</summary>
    public byte[] ReadBytes(ulong length)
    {
        if (length > (ulong)(_end - Position))
        {
            throw _errors.Damaged($"a text of {length} bytes does not fit into the file");
        }

        if (length > (ulong)(_limit - Position))
        {
            throw _errors.TooBig($"its pickle has more than {MaxLength} bytes");
        }

        var bytes = new byte[(int)length];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = ReadByte();
        }

        return bytes;
    }

    /// <summary>Reads UTF-8 text whose number of bytes the file states.</summary>
    public string ReadText(ulong length)
    {
        try
        {
            return Utf8.GetString(ReadBytes(length));
        }
        catch (DecoderFallbackException)
        {
            throw _errors.Damaged("a text is no UTF-8");
        }
    }

    /// <summary>Reads up to the end of the line.</summary>
    public string ReadLine()
    {
        var line = new StringBuilder();
        for (var c = ReadByte(); c != '\n'; c = ReadByte())
        {
            if (line.Length == MaxLine)
            {
                throw _errors.Damaged("a name is too long");
            }

            line.Append((char)c);
        }

        return line.ToString();
    }
}
