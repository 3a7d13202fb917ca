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
        if (Tensors[name].Shape.Count == 1)
        {
            destination.Fill(1);
            return;
        }
        // SplitMix64: a generator that does not take longer than reading a file would.
        var state = (ulong)firstRow * 0x9E3779B97F4A7C15;
        foreach (ref var value in destination)
        {
            var bits = state += 0x9E3779B97F4A7C15;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            value = ((int)((bits ^ (bits >> 31)) & 0xFFFFFF) - 0x800000) * (0.05f / 0x1000000);
        }
    }

    public void ReadRaw(string name, long firstElement, Span<byte> destination) =>
        ReadRows(name, firstElement, MemoryMarshal.Cast<byte, float>(destination));
}
