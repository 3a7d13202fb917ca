using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>Turns tensors that look at storages into tensors that look at the file.</summary>
internal static class StorageMap
{
    /// <summary>Places every tensor in the file.</summary>
    /// <param name="tensors">Tensors by name.</param>
    /// <param name="locate">The range of the file that a storage's key stands for, in bytes.</param>
    /// <param name="errors">The failures.</param>
    public static IReadOnlyList<StoredTensor> Place(
        IReadOnlyList<KeyValuePair<string, PickleTensor>> tensors, Func<string, (long Offset, long Length)> locate, PyTorchErrors errors)
    {
        var ranges = new Dictionary<string, (long Offset, long Length)>(StringComparer.Ordinal);
        var placed = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors)
        {
            var storage = tensor.Storage;
            if (!ranges.TryGetValue(storage.Key, out var range))
            {
                ranges.Add(storage.Key, range = locate(storage.Key));
            }

            var size = storage.Type.Size;
            if (storage.Start > range.Length / size || storage.Count > (range.Length / size) - storage.Start)
            {
                throw errors.WrongTensor($"the storage of '{name}' has {range.Length} bytes in the file, fewer than its {storage.Count} elements take");
            }

            var offset = range.Offset + (storage.Start * size) + (tensor.Offset * tensor.Type.Size);
            var info = new TensorInfo(name, tensor.Type.Name, tensor.Shape);
            var strides = IsContiguous(tensor.Shape, tensor.Strides) ? null : tensor.Strides;
            if (!placed.TryAdd(name, new StoredTensor(info, tensor.Type, offset, strides)))
            {
                throw errors.Damaged($"it has two tensors '{name}'");
            }
        }

        return [.. placed.Values];
    }

    private static bool IsContiguous(long[] shape, long[] strides)
    {
        var expected = 1L;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            if (shape[d] > 1 && strides[d] != expected)
            {
                return false;
            }

            expected *= shape[d];
        }

        return true;
    }
}
