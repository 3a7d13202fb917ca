using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Gptq.Runtime.Generation;

/// <summary>Memory that stays where it is, grows by doubling, and is seen by ONNX Runtime as a tensor of any shape that fits.</summary>
internal sealed class PinnedBuffer(TensorElementType type)
{
    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(64, pinned: true);

    public static int SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Int64 => 8,
        TensorElementType.Float => 4,
        TensorElementType.Float16 => 2,
        _ => throw new NotSupportedException($"Tensors of {type} are not supported."),
    };

    public Span<T> Span<T>()
        where T : unmanaged
        => MemoryMarshal.Cast<byte, T>(_bytes.AsSpan());

    /// <summary>Makes room for so many elements. What was in the buffer is lost when it has to grow.</summary>
    public void Reserve(long elements, long most)
    {
        var bytes = checked(elements * SizeOf(type));
        if (bytes <= _bytes.Length) return;
        var size = Math.Max(bytes, Math.Min(2L * _bytes.Length, most * SizeOf(type)));
        _bytes = GC.AllocateUninitializedArray<byte>(checked((int)size), pinned: true);
    }

    /// <summary>The first elements as a tensor. The buffer must not grow and must stay referenced while the tensor is used.</summary>
    public unsafe OrtValue Tensor(long[] shape)
    {
        var bytes = (long)SizeOf(type);
        foreach (var extent in shape) bytes *= extent;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _bytes.Length, nameof(shape));
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, (nint)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0), bytes);
    }
}
