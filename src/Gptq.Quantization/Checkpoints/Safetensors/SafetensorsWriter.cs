using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Gptq.Quantization.Checkpoints.Safetensors;

/// <summary>Writes a .safetensors file tensor by tensor, in one pass: room for the header is left at the start and filled at the end.</summary>
internal sealed class SafetensorsWriter : IDisposable
{
    /// <summary>Bytes of the header, padded with blanks as the format allows: room for two thousand tensors.</summary>
    public const int HeaderLength = 1 << 18;

    // Punctuation, type and two offsets of an entry; its name and extents are counted besides.
    private const int EntryLength = 120;
    private const int ExtentLength = 21;

    private readonly FileStream _stream;
    private readonly List<(TensorInfo Tensor, long Begin, long End)> _tensors = [];
    private int _room = HeaderLength - EntryLength;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Where; what is there is replaced.</param>
    public SafetensorsWriter(string path)
    {
        _stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        _stream.Position = DataStart;
    }

    /// <summary>Where the file is.</summary>
    public string Path => _stream.Name;

    /// <summary>Bytes of the tensors so far.</summary>
    public long Length => _stream.Position - DataStart;

    /// <summary>The names of the tensors so far.</summary>
    public IEnumerable<string> Names => _tensors.Select(entry => entry.Tensor.Name);

    private static long DataStart => sizeof(ulong) + HeaderLength;

    /// <summary>Whether the header has room for another tensor.</summary>
    public bool HasRoomFor(TensorInfo tensor) => Room(tensor) <= _room;

    /// <summary>Adds a tensor.</summary>
    /// <param name="tensor">What it is.</param>
    /// <param name="write">Writes its elements, little-endian and row-major.</param>
    public void Add(TensorInfo tensor, Action<Stream> write)
    {
        if (!HasRoomFor(tensor))
        {
            throw new InvalidOperationException("The header is full.");
        }

        var begin = Length;
        write(_stream);
        var expected = tensor.ElementCount * ElementType.Parse(tensor.DataType)!.Value.Size;
        if (Length - begin != expected)
        {
            throw new InvalidOperationException($"'{tensor.Name}' takes {expected} bytes; {Length - begin} were written.");
        }

        _room -= Room(tensor);
        _tensors.Add((tensor, begin, Length));
    }

    /// <summary>Writes the header.</summary>
    public void Complete()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            writer.WriteString("format", "pt");
            writer.WriteEndObject();
            foreach (var (tensor, begin, end) in _tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.DataType);
                WriteNumbers(writer, "shape", tensor.Shape);
                WriteNumbers(writer, "data_offsets", [begin, end]);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        var header = new byte[DataStart];
        BinaryPrimitives.WriteInt64LittleEndian(header, HeaderLength);
        header.AsSpan(sizeof(ulong)).Fill((byte)' ');
        json.ToArray().CopyTo(header, sizeof(ulong));
        _stream.Position = 0;
        _stream.Write(header);
        _stream.Flush(flushToDisk: true);
    }

    public void Dispose() => _stream.Dispose();

    // JSON writes a character in six bytes at worst, \u0000, for each of UTF-8's.
    private static int Room(TensorInfo tensor) => EntryLength + (6 * Encoding.UTF8.GetByteCount(tensor.Name)) + (ExtentLength * tensor.Shape.Count);

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IEnumerable<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }
}
