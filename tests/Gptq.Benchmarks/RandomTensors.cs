using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Benchmarks;

/// <summary>Norms of one, everything else small and random.</summary>
internal sealed class RandomTensors(IReadOnlyList<TensorInfo> tensors) : ITensorSource
{
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = tensors.ToDictionary(tensor => tensor.Name);

    public void Read(string name, Span<float> destination) => ReadRows(name, 0, destination);

    public void ReadRows(string name, long firstRow, Span<float> destination)
    {
        var random = new Random((int)firstRow);
        foreach (ref var value in destination)
            value = Tensors[name].Shape.Count == 1 ? 1 : (random.NextSingle() - 0.5f) * 0.05f;
    }

    public void ReadRaw(string name, long firstElement, Span<byte> destination) =>
        ReadRows(name, firstElement, MemoryMarshal.Cast<byte, float>(destination));
}
