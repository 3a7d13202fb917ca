using System.Text;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>A checkpoint of random weights for any config.json: the same name gives the same numbers.</summary>
internal sealed class RandomCheckpoint : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _tensors;

    public RandomCheckpoint(string config) => _tensors =
        Architecture.RequiredTensors(ModelConfig.Parse(Encoding.UTF8.GetBytes(config))).ToDictionary(tensor => tensor.Name);

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>The architecture of a config.json with random weights.</summary>
    public static Architecture Create(string config) => Create(config, new RandomCheckpoint(config));

    public static Architecture Create(string config, ITensorSource tensors) =>
        Architecture.Create(ModelConfig.Parse(Encoding.UTF8.GetBytes(config)), tensors);

    public void Remove(string name) => _tensors.Remove(name);

    public void Add(string name, params long[] shape) => _tensors[name] = new TensorInfo(name, "F32", shape);

    public void Read(string name, Span<float> destination)
    {
        Assert.Equal(_tensors[name].ElementCount, destination.Length);
        var random = new Random(name.Aggregate(17, (seed, letter) => unchecked((seed * 31) + letter)));
        var vector = _tensors[name].Shape.Count == 1;
        for (var index = 0; index < destination.Length; index++)
            destination[index] = ((random.NextSingle() - 0.5f) * (vector ? 0.6f : 0.4f)) + (vector && name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
    }

    public void ReadRows(string name, long firstRow, Span<float> destination)
    {
        var values = new float[_tensors[name].ElementCount];
        Read(name, values);
        var width = values.Length / (int)_tensors[name].Shape[0];
        values.AsSpan((int)firstRow * width, destination.Length).CopyTo(destination);
    }

    public void ReadRaw(string name, long firstElement, Span<byte> destination) => throw new NotSupportedException();
}
