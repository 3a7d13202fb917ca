namespace Gptq.Quantization.Checkpoints;

/// <summary>Tensors by name, read on demand: a checkpoint's files, whatever their format and however many.</summary>
/// <remarks>All reads may run at once from several threads.</remarks>
public interface ITensorSource
{
    /// <summary>All tensors, by the name they have in the file.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Reads a tensor whole, converted to float32, row-major.</summary>
    /// <param name="name">A name of <see cref="Tensors"/>.</param>
    /// <param name="destination">As long as the tensor has elements.</param>
    /// <exception cref="GptqException">The file is damaged, or the stored type is no floating-point type.</exception>
    void Read(string name, Span<float> destination);

    /// <summary>Reads consecutive rows (slices of the outermost dimension), converted to float32: a part of a tensor too big to hold whole.</summary>
    /// <param name="name">A name of <see cref="Tensors"/>.</param>
    /// <param name="firstRow">The first row; a tensor of one dimension has rows of one element, a scalar is one row.</param>
    /// <param name="destination">A whole number of rows long.</param>
    /// <exception cref="GptqException">The file is damaged, or the stored type is no floating-point type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not all in the tensor.</exception>
    void ReadRows(string name, long firstRow, Span<float> destination);

    /// <summary>Reads consecutive elements as they are stored: little-endian, row-major, of whatever type.</summary>
    /// <param name="name">A name of <see cref="Tensors"/>.</param>
    /// <param name="firstElement">The first element, counted row-major.</param>
    /// <param name="destination">A whole number of elements long, in bytes.</param>
    /// <exception cref="GptqException">The file is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The elements are not all in the tensor.</exception>
    void ReadRaw(string name, long firstElement, Span<byte> destination);
}
