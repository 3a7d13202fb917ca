using System.Collections.ObjectModel;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures;

/// <summary>A checkpoint without tensors, for questions that config.json answers alone.</summary>
internal sealed class NoTensors : ITensorSource
{
    public static readonly NoTensors Instance = new();

    public IReadOnlyDictionary<string, TensorInfo> Tensors => ReadOnlyDictionary<string, TensorInfo>.Empty;

    public void Read(string name, Span<float> destination) => throw NotThere(name);

    public void ReadRows(string name, long firstRow, Span<float> destination) => throw NotThere(name);

    public void ReadRaw(string name, long firstElement, Span<byte> destination) => throw NotThere(name);

    private static ArgumentException NotThere(string name) => new($"There is no tensor '{name}'.", nameof(name));
}
