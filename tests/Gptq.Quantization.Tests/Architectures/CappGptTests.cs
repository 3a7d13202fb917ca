using Gptq.Onnx;
using Gptq.Onnx.Protocol;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;
using Gptq.Tests;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>
/// A trained GPT-2 against the ONNX model that its author made of it. The author's .onnx and .safetensors are of different training
/// states, so the weights are taken from the .onnx: same weights, two graphs.
/// </summary>
public sealed class CappGptTests
{
    [Fact]
    public void Logits_equal_those_of_the_author_s_model()
    {
        var folder = TestPaths.RequireShared("models", "capp-gpt");
        var weights = new OnnxWeights(Path.Combine(folder, "model.onnx"));
        var architecture = Architecture.Create(ModelConfig.Load(Path.Combine(folder, "config.json")), weights);
        long[] ids = [51, 0, 7, 12, 7, 30, 31, 2, 2, 44, 9, 13];
        using var decoder = new DecoderSession(architecture);
        var actual = decoder.Run(ids, 1);

        using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
        var inputs = new Dictionary<string, OrtValue>
        {
            ["input_ids"] = OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]),
            ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(ids.Select(_ => 1L).ToArray(), [1, ids.Length]),
            ["position_ids"] = OrtValue.CreateTensorValueFromMemory(ids.Select((_, index) => (long)index).ToArray(), [1, ids.Length]),
        };
        foreach (var name in session.InputNames.Where(name => name.StartsWith("past_key_values", StringComparison.Ordinal)))
            inputs[name] = OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), [1, architecture.HeadCount, 0, architecture.HeadDimension]);
        using var options = new RunOptions();
        using var results = session.Run(options, inputs, ["logits"]);
        var expected = results[0].GetTensorDataAsSpan<float>();
        Assert.InRange(Difference.Max(actual, expected), 0, 1e-4 * Difference.Spread(expected));
    }

    /// <summary>The constants of an ONNX model, which its exporter named as the checkpoint does.</summary>
    private sealed class OnnxWeights : ITensorSource
    {
        private readonly Dictionary<string, TensorProto> _tensors;

        public OnnxWeights(string path)
        {
            _tensors = ModelFile.Load(path).Graph.Initializer.ToDictionary(tensor => tensor.Name);
            Tensors = _tensors.ToDictionary(tensor => tensor.Key, tensor => new TensorInfo(tensor.Key, "F32", [.. tensor.Value.Dims]));
        }

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

        public void Read(string name, Span<float> destination) =>
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(_tensors[name].RawData.Span).CopyTo(destination);

        public void ReadRows(string name, long firstRow, Span<float> destination)
        {
            var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(_tensors[name].RawData.Span);
            values.Slice((int)firstRow * (values.Length / (int)_tensors[name].Dims[0]), destination.Length).CopyTo(destination);
        }

        public void ReadRaw(string name, long firstElement, Span<byte> destination) => throw new NotSupportedException();
    }
}
