namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>Gathers the elements of a tensor that does not stand row-major in its file: transposed, sliced or expanded.</summary>
internal static class StridedReader
{
    /// <summary>Reads consecutive elements, counted row-major.</summary>
    /// <param name="file">Where the tensor is.</param>
    /// <param name="tensor">A tensor with strides.</param>
    /// <param name="first">The first element.</param>
    /// <param name="destination">A whole number of elements long.</param>
    public static void Read(MappedFile file, StoredTensor tensor, long first, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return;
        }

        var size = tensor.Type.Size;
        var shape = tensor.Info.Shape;
        var strides = tensor.Strides!;
        var index = new long[shape.Count];
        var position = Locate(first, shape, strides, index);
        using var window = file.Map(tensor.Offset, Extent(shape, strides) * size);
        for (var done = 0; done < destination.Length; done += size)
        {
            window.Slice(position * size, size).CopyTo(destination[done..]);
            position = Next(position, shape, strides, index);
        }
    }

    /// <summary>Elements from the first to behind the farthest; 0 when the tensor has none.</summary>
    /// <exception cref="OverflowException">More than a long holds.</exception>
    public static long Extent(IReadOnlyList<long> shape, ReadOnlySpan<long> strides)
    {
        var last = 0L;
        for (var d = 0; d < strides.Length; d++)
        {
            if (shape[d] == 0)
            {
                return 0;
            }

            last = checked(last + ((shape[d] - 1) * strides[d]));
        }

        return checked(last + 1);
    }

    private static long Locate(long element, IReadOnlyList<long> shape, long[] strides, long[] index)
    {
        var position = 0L;
        for (var d = shape.Count - 1; d >= 0; d--)
        {
            (element, index[d]) = Math.DivRem(element, shape[d]);
            position += index[d] * strides[d];
        }

        return position;
    }

    private static long Next(long position, IReadOnlyList<long> shape, long[] strides, long[] index)
    {
        for (var d = index.Length - 1; d >= 0; d--)
        {
            position += strides[d];
            if (++index[d] < shape[d])
            {
                break;
            }

            position -= index[d] * strides[d];
            index[d] = 0;
        }

        return position;
    }
}
