using Gptq.Numerics.Packed;
using Gptq.Quantization;
using Gptq.Runtime.Operators;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Tests.Operators;

public sealed class GptqOperatorsTests
{
    [Theory]
    [CombinatorialMatrices]
    public void MultipliesInASession(BitWidth bits, int groupSize, bool symmetric, bool shuffled)
    {
        var quantized = OperatorModel.Random(bits, 70, 96, groupSize, symmetric, shuffled);
        var bias = Enumerable.Range(0, 70).Select(i => i * 0.01f).ToArray();
        using var model = OperatorModel.Create(quantized, bias);
        foreach (var (precision, tolerance) in Tolerances)
        {
            using var session = Open(model, precision);
            foreach (var rows in new[] { 1, 2, 7 })
            {
                var x = Activations(rows * 96);
                Assert.InRange(RelativeError(Run(session, x, [1, rows, 96]), model.Expected(x, bias)), 0, tolerance);
            }
        }
    }

    [Theory]
    [CombinatorialMatrices]
    public void RunsWithoutTheOperators(BitWidth bits, int groupSize, bool symmetric, bool shuffled)
    {
        var quantized = OperatorModel.Random(bits, 70, 96, groupSize, symmetric, shuffled);
        var bias = Enumerable.Range(0, 70).Select(i => i * 0.01f).ToArray();
        using var model = OperatorModel.Create(quantized, bias);
        using var session = new InferenceSession(model.File);
        var x = Activations(3 * 96);

        Assert.InRange(RelativeError(Run(session, x, [1, 3, 96]), model.Expected(x, bias)), 0, 1e-6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SharesOneTableBetweenEmbeddingAndHead(bool isRegistered)
    {
        var quantized = OperatorModel.Random(BitWidth.Three, 50, 64, 32, symmetric: false);
        using var model = OperatorModel.Create(quantized, isTied: true);
        using var session = isRegistered ? Open(model, ActivationPrecision.Exact) : new InferenceSession(model.File);
        var weights = model.Weights();

        using var ids = OrtValue.CreateTensorValueFromMemory(new long[] { 7, -1, 49, 0 }, [2, 2]);
        using var results = session.Run(new RunOptions(), new Dictionary<string, OrtValue> { ["ids"] = ids }, ["y"]);

        float[] x = [.. new[] { 7, 49, 49, 0 }.SelectMany(row => weights[(row * 64)..((row + 1) * 64)])];
        Assert.Equal([2, 2, 50], results[0].GetTensorTypeAndShape().Shape);
        Assert.InRange(RelativeError(results[0].GetTensorDataAsSpan<float>().ToArray(), model.Expected(x)), 0, 1e-6);
        Assert.Equal(3, Onnx.ModelFile.Load(model.File).Graph.Initializer.Count);
    }

    [Fact]
    public void NamesAnIndexOutOfRange()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Four, 50, 64, 32, symmetric: true), isTied: true);
        using var session = Open(model, null);
        using var ids = OrtValue.CreateTensorValueFromMemory(new long[] { 50 }, [1, 1]);

        var error = Assert.Throws<OnnxRuntimeException>(
            () => session.Run(new RunOptions(), new Dictionary<string, OrtValue> { ["ids"] = ids }, ["y"]));

        Assert.Contains("GPTQ6021: gptq.Gather: Index 50 is out of range: the table has 50 rows.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GivesTheSameBitsForAnyNumberOfThreads()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Three, 1000, 256, 64, symmetric: false));
        var x = Activations(5 * 256);
        using var one = Open(model, null, threads: 1);
        using var three = Open(model, null, threads: 3);

        Assert.Equal(Run(one, x, [5, 1, 256]), Run(three, x, [5, 1, 256]));
    }

    [Fact]
    public void ServesManyThreadsAtOnce()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Four, 200, 128, 128, symmetric: true));
        using var session = Open(model, null);
        var inputs = Enumerable.Range(1, 40).Select(rows => Activations(rows * 128)).ToArray();
        var expected = inputs.Select(x => Run(session, x, [1, x.Length / 128, 128])).ToArray();

        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var x = inputs[i % inputs.Length];
            Assert.Equal(expected[i % inputs.Length], Run(session, x, [1, x.Length / 128, 128]));
        });
    }

    [Fact]
    public void RegisteringAgainDoesNothing()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Four, 16, 32, 32, symmetric: true));
        using var options = new SessionOptions();
        options.RegisterGptqOperators();
        options.RegisterGptqOperators();
        using var session = new InferenceSession(model.File, options);

        Assert.Equal(16, Run(session, Activations(32), [1, 1, 32]).Length);
        Assert.Throws<InvalidOperationException>(() => options.RegisterGptqOperators(ActivationPrecision.Exact));
    }

    [Fact]
    public void NamesATensorOfTheWrongSize()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Four, 16, 32, 32, symmetric: true));
        var proto = Onnx.ModelFile.Load(model.File);
        proto.Graph.Node[0].Attribute.Single(attribute => attribute.Name == "out_features").I = 17;
        File.Delete(model.File);
        Onnx.ModelFile.Save(proto, model.File);

        var error = Assert.Throws<OnnxRuntimeException>(() => Open(model, null));

        Assert.Contains("GPTQ6020: gptq.MatMul: codes must have", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ActivationPrecision.Exact)]
    [InlineData(ActivationPrecision.Bits16)]
    [InlineData(ActivationPrecision.Bits8)]
    public void TheNodeSaysThePrecisionUnlessTheSessionDoes(ActivationPrecision precision)
    {
        var quantized = OperatorModel.Random(BitWidth.Four, 64, 128, 32, symmetric: false);
        using var model = OperatorModel.Create(quantized, precision: precision);
        using var other = OperatorModel.Create(quantized, precision: precision == ActivationPrecision.Exact ? ActivationPrecision.Bits8 : ActivationPrecision.Exact);
        var x = Activations(128);
        using var byNode = Open(model, null);
        using var otherByNode = Open(other, null);
        using var bySession = Open(other, precision);

        Assert.Equal(Run(byNode, x, [1, 1, 128]), Run(bySession, x, [1, 1, 128]));
        Assert.NotEqual(Run(byNode, x, [1, 1, 128]), Run(otherByNode, x, [1, 1, 128]));
    }

    [Fact]
    public void NamesAPrecisionThatThereIsNot()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Four, 16, 32, 32, symmetric: true), precision: (ActivationPrecision)12);

        var error = Assert.Throws<OnnxRuntimeException>(() => Open(model, null));

        Assert.Contains("GPTQ6020: gptq.MatMul: activation_bits must be 8, 16 or 32, not 12.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesAnInputOfTheWrongExtent()
    {
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Four, 16, 32, 32, symmetric: true));
        var proto = Onnx.ModelFile.Load(model.File);
        proto.Graph.Input[0].Type.TensorType.Shape.Dim[^1].DimParam = "features";
        File.Delete(model.File);
        Onnx.ModelFile.Save(proto, model.File);
        using var session = Open(model, null);

        var error = Assert.Throws<OnnxRuntimeException>(() => Run(session, Activations(31), [1, 1, 31]));

        Assert.Contains("GPTQ6021: gptq.MatMul: The input's last extent must be 32; its shape is [1, 1, 31].", error.Message, StringComparison.Ordinal);
    }

    private static (ActivationPrecision Precision, double Tolerance)[] Tolerances =>
        [(ActivationPrecision.Exact, 1e-6), (ActivationPrecision.Bits16, 1e-4), (ActivationPrecision.Bits8, 1e-2)];

    private static InferenceSession Open(OperatorModel model, ActivationPrecision? precision, int threads = 2)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        options.RegisterGptqOperators(precision);
        return new InferenceSession(model.File, options);
    }

    private static float[] Run(InferenceSession session, float[] x, long[] shape)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(x, shape);
        using var options = new RunOptions();
        using var results = session.Run(options, new Dictionary<string, OrtValue> { ["x"] = input }, ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static float[] Activations(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() + random.NextDouble() - 1))];
    }

    private static double RelativeError(float[] actual, double[] expected) =>
        Math.Sqrt(actual.Zip(expected, (a, e) => (a - e) * (a - e)).Sum() / expected.Sum(e => e * e));

    /// <summary>Every width with a few group sizes, kinds of zero points and orders of columns; Gptq.Numerics.Tests has them all.</summary>
    private sealed class CombinatorialMatricesAttribute : Xunit.v3.DataAttribute
    {
        public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker) =>
            new([
                .. from bits in Enum.GetValues<BitWidth>()
                   from groupSize in new[] { 16, 32, 96 }
                   from form in new[] { (true, false), (false, false), (false, true) }
                   select new TheoryDataRow(bits, groupSize, form.Item1, form.Item2),
            ]);

        public override bool SupportsDiscoveryEnumeration() => true;
    }
}
