namespace Gptq.Quantization.Architectures;

/// <summary>A tensor that a model's graph needs.</summary>
/// <param name="Name">Its name in the checkpoint, with the base model's prefix.</param>
/// <param name="Shape">The extents that the graph wants.</param>
/// <param name="Transposed">Whether the checkpoint stores a matrix as [in, out] (Conv1D) where the graph wants [out, in].</param>
public sealed record Parameter(string Name, IReadOnlyList<int> Shape, bool Transposed = false)
{
    /// <summary>The number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (count, extent) => checked(count * extent));

    /// <summary>The extents as they are in the checkpoint.</summary>
    public IReadOnlyList<int> StoredShape => Transposed ? [Shape[1], Shape[0]] : Shape;
}
