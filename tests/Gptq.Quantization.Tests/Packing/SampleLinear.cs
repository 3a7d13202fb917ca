using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Solver;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Packing;

/// <summary>Random codes, and a product with them in ONNX Runtime.</summary>
internal static class SampleLinear
{
    public static QuantizedLinear Random(int rows, int columns, BitWidth bits, int group)
    {
        var random = new Random(((int)bits * 1000) + group);
        var levels = 1 << (int)bits;
        var groups = (columns + group - 1) / group;
        var codes = new byte[rows * columns];
        for (var index = 0; index < codes.Length; index++)
            codes[index] = (byte)random.Next(levels);
        return new QuantizedLinear(
            rows, columns, bits, group, codes,
            [.. Enumerable.Range(0, rows * groups).Select(_ => (random.NextSingle() * 0.1f) + 0.01f)],
            [.. Enumerable.Range(0, rows * groups).Select(_ => (float)random.Next(levels))]);
    }

    public static float[] Multiply(QuantizedLinear linear, ILinearEmitter emitter, float[] input, int rows, bool optimized = true)
    {
        var folder = Directory.CreateTempSubdirectory("gptq-packing-").FullName;
        try
        {
            using (var data = new ExternalDataWriter(Path.Combine(folder, "model.onnx.data")))
            {
                var graph = new GraphBuilder("linear", data);
                var x = graph.Input("x", ElementType.Float, 1, "rows", linear.InFeatures);
                graph.Rename(emitter.Emit(graph, new LinearModule("linear", 0, linear.InFeatures, linear.OutFeatures, 0), x, null), "y");
                graph.Output("y", ElementType.Float, 1, "rows", linear.OutFeatures);
                ModelFile.Save(graph.ToModel(), Path.Combine(folder, "model.onnx"));
            }

            using var sessionOptions = new SessionOptions
            {
                GraphOptimizationLevel = optimized ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            };
            using var session = new InferenceSession(Path.Combine(folder, "model.onnx"), sessionOptions);
            using var value = OrtValue.CreateTensorValueFromMemory(input, [1, rows, linear.InFeatures]);
            using var options = new RunOptions();
            using var results = session.Run(options, ["x"], [value], ["y"]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
