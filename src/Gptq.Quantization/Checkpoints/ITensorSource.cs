namespace Gptq.Quantization.Checkpoints;

/// <summary>Tensors by name, read on demand: a checkpoint's files, whatever their format and however many.</summary>
public interface ITensorSource
{
    /// <summary>All tensors, by the name they have in the file.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Reads a tensor whole, converted to float32, row-major.</summary>
    /// <param name="name">A name of <see cref="Tensors"/>.</param>
    /// <param name="destination">As long as the tensor has elements.</param>
    /// <exception cref="GptqException">The file is damaged, or the stored type is no floating-point type.</exception>
    void Read(string name, Span<float> destination);
}
