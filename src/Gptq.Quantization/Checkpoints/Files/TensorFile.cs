using System.Runtime.InteropServices;

namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>A memory-mapped file of tensors, whatever its format: a table of where each tensor is.</summary>
public abstract class TensorFile : ITensorSource, IDisposable
{
    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _stored;

    private protected TensorFile(MappedFile file, IEnumerable<StoredTensor> tensors)
    {
        _file = file;
        _stored = tensors.ToDictionary(tensor => tensor.Info.Name, StringComparer.Ordinal);
        Tensors = _stored.ToDictionary(pair => pair.Key, pair => pair.Value.Info, StringComparer.Ordinal);
    }

    /// <summary>Where the file is.</summary>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination)
    {
        var tensor = Find(name);
        if (destination.Length != tensor.ElementCount)
        {
            throw new ArgumentException($"'{name}' has {tensor.ElementCount} elements, the destination {destination.Length}.", nameof(destination));
        }

        ReadFloats(tensor, 0, destination);
    }

    /// <inheritdoc/>
    public void ReadRows(string name, long firstRow, Span<float> destination)
    {
        var tensor = Find(name);
        var shape = tensor.Info.Shape;
        var rows = shape.Count == 0 ? 1 : shape[0];
        var width = rows == 0 ? 0 : tensor.ElementCount / rows;
        if (width == 0 ? destination.Length != 0 : destination.Length % width != 0)
        {
            throw new ArgumentException($"A row of '{name}' has {width} elements; {destination.Length} are no whole rows.", nameof(destination));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, width == 0 ? rows : rows - (destination.Length / width));
        ReadFloats(tensor, firstRow * width, destination);
    }

    /// <inheritdoc/>
    public void ReadRaw(string name, long firstElement, Span<byte> destination)
    {
        var tensor = Find(name);
        var size = tensor.Type.Size;
        if (destination.Length % size != 0)
        {
            throw new ArgumentException($"An element of '{name}' has {size} bytes; {destination.Length} are no whole elements.", nameof(destination));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstElement, tensor.ElementCount - (destination.Length / size));
        if (tensor.Strides is null)
        {
            _file.Read(tensor.Offset + (firstElement * size), destination);
        }
        else
        {
            StridedReader.Read(_file, tensor, firstElement, destination);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        GC.SuppressFinalize(this);
    }

    private StoredTensor Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _stored.TryGetValue(name, out var tensor) ? tensor : throw CheckpointErrors.NoSuchTensor(name, Path);
    }

    private void ReadFloats(StoredTensor tensor, long first, Span<float> destination)
    {
        if (!tensor.Type.IsFloat)
        {
            throw CheckpointErrors.NotFloat(tensor.Info, Path);
        }

        var size = tensor.Type.Size;
        if (tensor.Strides is null)
        {
            const int Elements = MappedFile.MaxWindow / sizeof(double);
            for (var done = 0; done < destination.Length;)
            {
                var part = destination.Slice(done, Math.Min(Elements, destination.Length - done));
                using var window = _file.Map(tensor.Offset + ((first + done) * size), part.Length * size);
                tensor.Type.ToFloat32(window.Slice(0, part.Length * size), part);
                done += part.Length;
            }
        }
        else if (size == sizeof(float))
        {
            StridedReader.Read(_file, tensor, first, MemoryMarshal.AsBytes(destination));
        }
        else
        {
            const int Elements = 1 << 16;
            var stored = new byte[Math.Min(Elements, destination.Length) * size];
            for (var done = 0; done < destination.Length;)
            {
                var part = destination.Slice(done, Math.Min(Elements, destination.Length - done));
                var bytes = stored.AsSpan(0, part.Length * size);
                StridedReader.Read(_file, tensor, first + done, bytes);
                tensor.Type.ToFloat32(bytes, part);
                done += part.Length;
            }
        }
    }
}
