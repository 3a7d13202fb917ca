using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gptq.Quantization.Checkpoints;

/// <summary>Ways to read tensors that every source has.</summary>
public static class TensorSourceExtensions
{
    /// <summary>Reads a tensor whole, converted to float32, into a new array.</summary>
    /// <param name="source">Where the tensor is.</param>
    /// <param name="name">A name of <see cref="ITensorSource.Tensors"/>.</param>
    /// <returns>The elements, row-major.</returns>
    /// <exception cref="GptqException">GPTQ2208: there is no such tensor. GPTQ2204: its type is no floating-point type. GPTQ2209: it is too big for one array.</exception>
    public static float[] ReadFloats(this ITensorSource source, string name)
    {
        var values = NewArray<float>(Find(source, name));
        source.Read(name, values);
        return values;
    }

    /// <summary>Reads a tensor whole, unconverted, into a new array: codes and indices.</summary>
    /// <typeparam name="T">The type stored, such as <see cref="int"/> for I32.</typeparam>
    /// <param name="source">Where the tensor is.</param>
    /// <param name="name">A name of <see cref="ITensorSource.Tensors"/>.</param>
    /// <returns>The elements, row-major.</returns>
    /// <exception cref="GptqException">GPTQ2208: there is no such tensor. GPTQ2204: its type is not <typeparamref name="T"/>. GPTQ2209: it is too big for one array.</exception>
    public static T[] ReadArray<T>(this ITensorSource source, string name)
        where T : unmanaged
    {
        var tensor = Find(source, name);
        var stored = ElementType.Parse(tensor.DataType);
        if (stored is null || !stored.Value.Is<T>())
        {
            throw new GptqException(
                "GPTQ2204", $"The tensor '{name}' is stored as {tensor.DataType}, where {typeof(T).Name} values are expected. Use a checkpoint that stores it as such.");
        }

        var values = NewArray<T>(tensor);
        source.ReadRaw(name, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static TensorInfo Find(ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        return source.Tensors.TryGetValue(name, out var tensor) ? tensor : throw CheckpointErrors.NoSuchTensor(name, null);
    }

    private static T[] NewArray<T>(TensorInfo tensor)
        where T : unmanaged
    {
        // A span's length in bytes is an int as well.
        if (tensor.ElementCount > Array.MaxLength / Unsafe.SizeOf<T>() && tensor.ElementCount > int.MaxValue / Unsafe.SizeOf<T>())
        {
            throw new GptqException(
                "GPTQ2209",
                $"The tensor '{tensor.Name}' has {tensor.ElementCount} elements, more than one array holds. Read it in ranges of rows.");
        }

        return GC.AllocateUninitializedArray<T>((int)tensor.ElementCount);
    }
}
