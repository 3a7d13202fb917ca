namespace Gptq.Quantization.Calibration;

/// <summary>Weight buffers that are handed from one block to the next, which has the same shapes.</summary>
internal sealed class BufferPool
{
    private readonly Dictionary<int, Stack<float[]>> _free = [];

    /// <summary>Buffers of these lengths; returned ones that do not fit are let go.</summary>
    public float[][] Rent(IReadOnlyList<int> lengths)
    {
        var buffers = new float[lengths.Count][];
        for (var index = 0; index < buffers.Length; index++)
        {
            if (_free.TryGetValue(lengths[index], out var stack) && stack.TryPop(out var buffer))
                buffers[index] = buffer;
        }

        _free.Clear();
        for (var index = 0; index < buffers.Length; index++)
            buffers[index] ??= GC.AllocateUninitializedArray<float>(lengths[index]);
        return buffers;
    }

    public void Return(IEnumerable<float[]> buffers)
    {
        foreach (var buffer in buffers)
        {
            if (!_free.TryGetValue(buffer.Length, out var stack))
                _free[buffer.Length] = stack = new Stack<float[]>();
            stack.Push(buffer);
        }
    }
}
