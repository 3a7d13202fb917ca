using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Packing;

public sealed class GatherBlockQuantizedEmitterTests
{
    [Theory]
    [InlineData(BitWidth.Four, 32, 128)]
    [InlineData(BitWidth.Four, 16, 48)]
    [InlineData(BitWidth.Four, 128, 128)]
    [InlineData(BitWidth.Eight, 64, 128)]
    public void Rows_are_exactly_codes_times_scales_and_a_tied_head_shares_them(BitWidth bits, int group, int columns)
    {
        const int Rows = 10;
        var codes = SampleLinear.Random(Rows, columns, bits, group);
        var expected = new float[Rows * columns];
        codes.Dequantize(expected);
        var folder = Directory.CreateTempSubdirectory("gptq-gather-").FullName;
        try
        {
            long once;
            using (var data = new ExternalDataWriter(Path.Combine(folder, "model.onnx.data")))
            {
                var graph = new GraphBuilder("table", data);
                var ids = graph.Input("ids", ElementType.Int64, 1, Rows);
                var vectors = new GatherBlockQuantizedEmitter(_ => codes).Emit(graph, new EmbeddingModule("table", Rows, columns), ids);
                once = data.Length;
                var head = new MatMulNBitsEmitter(_ => codes, accuracyLevel: 0).Emit(graph, new LinearModule("head", -1, columns, Rows, 0), "table", vectors, null);
                Assert.Equal(once, data.Length);
                graph.Rename(vectors, "vectors");
                graph.Rename(head, "logits");
                graph.Output("vectors", ElementType.Float, 1, Rows, columns);
                graph.Output("logits", ElementType.Float, 1, Rows, Rows);
                ModelFile.Save(graph.ToModel(), Path.Combine(folder, "model.onnx"));
            }

            using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
            using var value = OrtValue.CreateTensorValueFromMemory(Enumerable.Range(0, Rows).Select(id => (long)id).ToArray(), [1, Rows]);
            using var options = new RunOptions();
            using var results = session.Run(options, ["ids"], [value], ["vectors", "logits"]);
            Assert.Equal(expected, results[0].GetTensorDataAsSpan<float>().ToArray());

            var square = 0.0;
            for (var column = 0; column < columns; column++)
                square += (double)expected[column] * expected[column];
            Assert.Equal(square, results[1].GetTensorDataAsSpan<float>()[0], 1e-4 * square);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(BitWidth.Two, 32, 128, false)]
    [InlineData(BitWidth.Four, 32, 100, false)]
    [InlineData(BitWidth.Four, 32, 128, true)]
    [InlineData(BitWidth.Eight, 128, 128, true)]
    public void Says_what_the_operator_can_hold(BitWidth bits, int group, int columns, bool supported) =>
        Assert.Equal(supported, GatherBlockQuantizedEmitter.Supports(bits, group, columns));
}
