using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Packing;
using Gptq.Quantization.Solver;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Packing;

public sealed class MatMulNBitsPackingTests
{
    public static TheoryData<BitWidth, int, int> Layouts() => new()
    {
        { BitWidth.Two, 32, 128 }, { BitWidth.Four, 32, 128 }, { BitWidth.Eight, 32, 128 },
        { BitWidth.Four, 16, 172 }, { BitWidth.Four, 128, 172 }, { BitWidth.Eight, 64, 100 }, { BitWidth.Two, 64, 100 },
        { BitWidth.Four, 172, 172 }, { BitWidth.Eight, 300, 300 }, { BitWidth.Four, 64, 64 }, { BitWidth.Four, 256, 512 }, { BitWidth.Four, 40, 40 },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_written_file_stands_for_exactly_codes_times_scales(BitWidth bits, int group, int inFeatures)
    {
        const int OutFeatures = 24;
        var linear = Random(OutFeatures, inFeatures, bits, group);
        var expected = new float[OutFeatures * inFeatures];
        linear.Dequantize(expected);

        // Unit vectors pick the weights one by one: each product has one term, so nothing is rounded.
        var identity = new float[inFeatures * inFeatures];
        for (var column = 0; column < inFeatures; column++)
            identity[(column * inFeatures) + column] = 1;
        var columns = Multiply(linear, identity, inFeatures);

        for (var row = 0; row < OutFeatures; row++)
        {
            for (var column = 0; column < inFeatures; column++)
                Assert.Equal(expected[(row * inFeatures) + column], columns[(column * OutFeatures) + row]);
        }
    }

    [Fact]
    public void Codes_that_fill_up_the_last_block_are_the_zero_point()
    {
        var linear = Random(3, 40, BitWidth.Four, 32);
        var packing = new MatMulNBitsPacking(linear);
        var codes = new byte[packing.CodeBytesPerRow];
        packing.PackCodes(1, codes);

        var zero = (int)linear.Zeros[(1 * linear.Groups) + 1];
        Assert.Equal(2, packing.BlockCount);
        Assert.All(codes[20..], pair => Assert.Equal(zero | (zero << 4), pair));
    }

    [Theory]
    [InlineData(BitWidth.Three, 128, 512, false)]
    [InlineData(BitWidth.Ternary, 128, 512, false)]
    [InlineData(BitWidth.Four, 48, 512, false)]
    [InlineData(BitWidth.Four, 8, 512, false)]
    [InlineData(BitWidth.Four, 512, 512, true)]
    [InlineData(BitWidth.Two, 16, 512, true)]
    public void Says_what_the_operator_can_hold(BitWidth bits, int group, int inFeatures, bool supported) =>
        Assert.Equal(supported, MatMulNBitsPacking.Supports(bits, group, inFeatures));

    private static QuantizedLinear Random(int rows, int columns, BitWidth bits, int group)
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

    private static float[] Multiply(QuantizedLinear linear, float[] input, int rows)
    {
        var folder = Directory.CreateTempSubdirectory("gptq-packing-").FullName;
        try
        {
            using (var data = new ExternalDataWriter(Path.Combine(folder, "model.onnx.data")))
            {
                var graph = new GraphBuilder("linear", data);
                var x = graph.Input("x", ElementType.Float, 1, "rows", linear.InFeatures);
                var emitter = new MatMulNBitsEmitter(_ => linear);
                graph.Rename(emitter.Emit(graph, new LinearModule("linear", 0, linear.InFeatures, linear.OutFeatures, 0), x, null), "y");
                graph.Output("y", ElementType.Float, 1, "rows", linear.OutFeatures);
                ModelFile.Save(graph.ToModel(), Path.Combine(folder, "model.onnx"));
            }

            using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
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
