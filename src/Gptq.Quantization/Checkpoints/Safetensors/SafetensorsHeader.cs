using System.Buffers.Binary;
using System.Text.Json;
using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.Safetensors;

/// <summary>The header of a safetensors file, with every offset checked.</summary>
/// <param name="Tensors">Where each tensor is.</param>
/// <param name="Metadata">Free text.</param>
internal sealed record SafetensorsHeader(IReadOnlyList<StoredTensor> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The longest header accepted, in bytes: the format's own limit. Real ones have a few hundred bytes a tensor.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Reads and checks a file's header.</summary>
    /// <exception cref="GptqException">GPTQ2202: no safetensors file. GPTQ2203: a tensor's entry is wrong.</exception>
    public static SafetensorsHeader Read(MappedFile file)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (file.Length < prefix.Length)
        {
            throw Damaged(file.Path, $"it has only {file.Length} bytes");
        }

        file.Read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxLength || (long)length > file.Length - prefix.Length)
        {
            throw Damaged(file.Path, $"its header is said to have {length} bytes, the file has {file.Length}");
        }

        var json = new byte[(int)length];
        file.Read(prefix.Length, json);
        try
        {
            return new Parser(file, prefix.Length + (long)length).Parse(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Damaged(file.Path, $"its header is no valid JSON ({e.Message})", e);
        }
    }

    private static GptqException Damaged(string path, string what, Exception? inner = null)
        => new("GPTQ2202", $"{path} is no safetensors file, or was cut off: {what}. Download it again.", path, inner);

    private sealed class Parser(MappedFile file, long dataStart)
    {
        private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

        public SafetensorsHeader Parse(ReadOnlySpan<byte> json)
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            Expect(reader, JsonTokenType.StartObject, "an object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                Expect(reader, JsonTokenType.StartObject, $"an object for '{name}'");
                if (name == "__metadata__")
                {
                    ParseMetadata(ref reader);
                }
                else if (!_tensors.TryAdd(name, ParseTensor(ref reader, name)))
                {
                    throw Wrong(name, "it stands in the header twice");
                }
            }

            // Only padding may follow.
            reader.Read();
            CheckLayout();
            return new SafetensorsHeader([.. _tensors.Values], _metadata);
        }

        private void ParseMetadata(ref Utf8JsonReader reader)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                Expect(reader, JsonTokenType.String, $"text for '{key}' in __metadata__");
                _metadata[key] = reader.GetString()!;
            }
        }

        private StoredTensor ParseTensor(ref Utf8JsonReader reader, string name)
        {
            string? type = null;
            List<long>? shape = null, offsets = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var property = reader.GetString();
                reader.Read();
                switch (property)
                {
                    case "dtype" when type is null:
                        Expect(reader, JsonTokenType.String, $"text for the dtype of '{name}'");
                        type = reader.GetString();
                        break;
                    case "shape" when shape is null:
                        shape = ParseNumbers(ref reader, name);
                        break;
                    case "data_offsets" when offsets is null:
                        offsets = ParseNumbers(ref reader, name);
                        break;
                    default:
                        throw Wrong(name, $"'{property}' is unknown or stands there twice");
                }
            }

            if (type is null || shape is null || offsets is not [var begin, var end])
            {
                throw Wrong(name, "dtype, shape or data_offsets is missing");
            }

            return Locate(new TensorInfo(name, type, shape), begin, end);
        }

        private List<long> ParseNumbers(ref Utf8JsonReader reader, string name)
        {
            Expect(reader, JsonTokenType.StartArray, $"a list of numbers in '{name}'");
            var numbers = new List<long>();
            while (reader.Read() && reader.TokenType == JsonTokenType.Number)
            {
                numbers.Add(numbers.Count < TensorInfo.MaxRank && reader.TryGetInt64(out var number) && number >= 0
                    ? number
                    : throw Wrong(name, "it has too many numbers, or one is negative, too large or no whole number"));
            }

            Expect(reader, JsonTokenType.EndArray, $"a list of numbers in '{name}'");
            return numbers;
        }

        private StoredTensor Locate(TensorInfo tensor, long begin, long end)
        {
            var type = ElementType.Parse(tensor.DataType)
                ?? throw Wrong(tensor.Name, $"its type {tensor.DataType} is unknown");
            long size;
            try
            {
                size = checked(tensor.ElementCount * type.Size);
            }
            catch (OverflowException)
            {
                throw Wrong(tensor.Name, "its extents are too large");
            }

            if (begin > end || end > file.Length - dataStart)
            {
                throw Wrong(tensor.Name, $"its bytes {begin} to {end} are not in the file, which has {file.Length - dataStart} bytes of tensors");
            }

            return end - begin == size
                ? new StoredTensor(tensor, type, dataStart + begin)
                : throw Wrong(tensor.Name, $"its shape takes {size} bytes, its offsets {end - begin}");
        }

        /// <summary>The format has no gaps and no overlaps: bytes that no tensor owns mean that the header belongs to another file.</summary>
        private void CheckLayout()
        {
            var position = dataStart;
            foreach (var tensor in _tensors.Values.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.ElementCount))
            {
                if (tensor.Offset != position)
                {
                    throw Wrong(tensor.Info.Name, tensor.Offset < position ? "its bytes overlap another tensor's" : "bytes before it belong to no tensor");
                }

                position += tensor.ElementCount * tensor.Type.Size;
            }

            if (position != file.Length)
            {
                throw Damaged(file.Path, $"its tensors end at byte {position}, the file has {file.Length}");
            }
        }

        private void Expect(in Utf8JsonReader reader, JsonTokenType type, string what)
        {
            if (reader.TokenType != type)
            {
                throw Damaged(file.Path, $"its header has {reader.TokenType} where {what} is expected");
            }
        }

        private GptqException Wrong(string name, string what)
            => new("GPTQ2203", $"The tensor '{name}' is described wrongly in {file.Path}: {what}. Download the file again.", file.Path);
    }
}
