namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>Where a tensor's elements are in its file.</summary>
/// <param name="Info">What the tensor is.</param>
/// <param name="Type">What its elements are.</param>
/// <param name="Offset">Bytes from the start of the file to the first element.</param>
/// <param name="Strides">Elements from one index to the next in each dimension, or null when the elements stand row-major without gaps.</param>
/// <remarks>Readers check, once and before they make one, that every element is inside the file.</remarks>
internal sealed record StoredTensor(TensorInfo Info, ElementType Type, long Offset, long[]? Strides = null)
{
    /// <summary>The product of the extents.</summary>
    public long ElementCount { get; } = Info.ElementCount;
}
