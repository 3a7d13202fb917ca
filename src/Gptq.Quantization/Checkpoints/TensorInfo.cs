namespace Gptq.Quantization.Checkpoints;

/// <summary>A tensor of a checkpoint, as its file describes it.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="DataType">The stored type, in safetensors' spelling: F32, F16, BF16, I64, …</param>
/// <param name="Shape">The extents, outermost first; empty for a scalar.</param>
public sealed record TensorInfo(string Name, string DataType, IReadOnlyList<long> Shape)
{
    /// <summary>The most dimensions that a tensor may have, as in PyTorch.</summary>
    public const int MaxRank = 64;

    /// <summary>The product of the extents.</summary>
    public long ElementCount => Shape.Aggregate(1L, (count, extent) => checked(count * extent));

    /// <summary>The bytes it takes in its file; null when the stored type is not known.</summary>
    public long? ByteCount => ElementType.Parse(DataType) is { } type ? checked(ElementCount * type.Size) : null;
}
