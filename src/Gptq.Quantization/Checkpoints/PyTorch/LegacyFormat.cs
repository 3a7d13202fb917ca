using System.Buffers.Binary;
using System.Numerics;
using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>
/// torch.save before PyTorch 1.6: five pickles (a magic number, the version, the machine, the object, the storages' keys), then for each
/// storage its number of elements (8 bytes) and the elements.
/// </summary>
internal static class LegacyFormat
{
    private const long Version = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber, null);

    public static IReadOnlyList<StoredTensor> Read(MappedFile file, PyTorchErrors errors)
    {
        var position = 0L;
        var storages = new Dictionary<string, PickleStorage>(StringComparer.Ordinal);
        object? Next()
        {
            var reader = new PickleReader(file, position, file.Length, errors);
            var machine = new PickleMachine(reader, errors);
            var value = machine.Run();
            position = reader.Position;
            storages = machine.Storages;
            return value;
        }

        if (Next() is not BigInteger magic || magic != Magic || Next() is not Version || Next() is not PickleDict host)
        {
            throw errors.Damaged("it does not start as torch.save starts");
        }

        if (host.Items.GetValueOrDefault("little_endian") is not true)
        {
            throw errors.Damaged("its numbers are not little-endian");
        }

        var tensors = StateDictionary.Find(Next(), errors);
        var known = storages;
        var keys = Next() as PickleList ?? throw errors.Damaged("the list of its storages is missing");
        var ranges = Locate(file, position, keys, known, errors);
        return StorageMap.Place(
            tensors, key => ranges.TryGetValue(key, out var range) ? range : throw errors.Damaged($"the storage '{key}' is missing"), errors);
    }

    private static Dictionary<string, (long Offset, long Length)> Locate(
        MappedFile file, long position, PickleList keys, Dictionary<string, PickleStorage> known, PyTorchErrors errors)
    {
        var ranges = new Dictionary<string, (long Offset, long Length)>(StringComparer.Ordinal);
        Span<byte> count = stackalloc byte[sizeof(long)];
        foreach (var item in keys.Items)
        {
            if (item is not string key || !known.TryGetValue(key, out var storage))
            {
                throw errors.Damaged("it has a storage that nothing looks at");
            }

            if (position > file.Length - count.Length)
            {
                throw errors.Damaged($"the storage '{key}' is cut off");
            }

            file.Read(position, count);
            position += count.Length;
            var elements = BinaryPrimitives.ReadInt64LittleEndian(count);
            if (elements < 0 || elements > (file.Length - position) / storage.Type.Size)
            {
                throw errors.Damaged($"the storage '{key}' is cut off");
            }

            var length = elements * storage.Type.Size;
            if (!ranges.TryAdd(key, (position, length)))
            {
                throw errors.Damaged($"it has two storages '{key}'");
            }

            position += length;
        }

        return ranges;
    }
}
