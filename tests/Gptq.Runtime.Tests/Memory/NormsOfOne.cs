using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Runtime.Tests.Memory;

/// <summary>The tensors of a model whose matrices come from elsewhere: every number is one.</summary>
internal sealed class NormsOfOne(IReadOnlyList<TensorInfo> tensors) : ITensorSource
{
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = tensors.ToDictionary(tensor => tensor.Name);

    public void Read(string name, Span<float> destination) => destination.Fill(1);

    public void ReadRows(string name, long firstRow, Span<float> destination) => destination.Fill(1);

    public void ReadRaw(string name, long firstElement, Span<byte> destination) => MemoryMarshal.Cast<byte, float>(destination).Fill(1);
}
