using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Calibration.Devices;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Tests;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Devices;

/// <summary>
/// The forward pass that devices run, on ONNX Runtime's processor provider: bound values, float16 products, Gram matrices in the graph. Its
/// Hessians and hidden states are those of the processor's own pass, but for the rounding to float16.
/// </summary>
public sealed class DeviceForwardTests
{
    private const int Sequences = 5;
    private const int Length = 24;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void HessiansAndHiddenStatesAreTheProcessors(int gpus)
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        Compare(source.Architecture, gpus, limits: null, sequencesPerBatch: 2);
    }

    [Theory]
    [InlineData("""{ "model_type": "llama", "vocab_size": 90, "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5 }""")]
    [InlineData("""{ "model_type": "bloom", "vocab_size": 90, "hidden_size": 64, "n_layer": 2, "n_head": 4 }""")]
    public void SoAreThoseOfOtherFamilies(string config) => Compare(RandomArchitecture(config), 1, limits: null, sequencesPerBatch: 3);

    public static TheoryData<string> Shortages => ["hidden states do not fit", "one sequence fits", "two of five sequences fit, on two GPUs"];

    [Theory]
    [MemberData(nameof(Shortages))]
    public void ShortMemoryChangesNothingButTheWay(string shortage)
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        var limits = new Limits
        {
            Held = shortage.StartsWith("hidden", StringComparison.Ordinal) ? 2 : int.MaxValue,
            Sequences = shortage.StartsWith("one", StringComparison.Ordinal) ? 1 : shortage.StartsWith("two", StringComparison.Ordinal) ? 2 : int.MaxValue,
        };
        var codes = Compare(source.Architecture, shortage.Contains("two GPUs", StringComparison.Ordinal) ? 2 : 1, limits, sequencesPerBatch: limits.Held < int.MaxValue ? 2 : 5);
        Assert.Equal(limits.Sequences < int.MaxValue ? ["GPTQ6106"] : [], codes);
    }

    [Fact]
    public void WithoutMemoryForOneSequenceTheCallerIsToldAndHasEverything()
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        using var runner = new BlockRunner(source.Architecture, 1);
        var (activations, expected) = (Embed(runner, source.Architecture, 2), Embed(runner, source.Architecture, 2));
        var limits = new Limits();
        using var forward = new DeviceForward(Lanes(1, limits), activations);
        using (var first = runner.OpenBlock(0))
        {
            Assert.True(forward.TryAdvance(first, default));
            expected.Advance(first, default);
        }
        limits.Sequences = 0;
        using var second = runner.OpenBlock(1);
        var hessians = Empty(second);
        Assert.False(forward.TryCollect(second, hessians, Names(second), default));
        Assert.False(forward.TryAdvance(second, default));
        Assert.All(hessians.Values, hessian => Assert.Equal(0, hessian.Tokens));
        AssertClose(expected, activations, 0.01);
        Assert.Equal(["GPTQ6106", "GPTQ6107"], forward.Warnings().Select(warning => warning.Code));
    }

    [Fact]
    public void AnInputThatIsNoNumberIsAnErrorThatNamesTheLayer()
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        using var runner = new BlockRunner(source.Architecture, 1);
        var activations = Embed(runner, source.Architecture, 2);
        activations[1][7] = float.NaN;
        using var forward = new DeviceForward(Lanes(1, null), activations);
        using var block = runner.OpenBlock(0);
        var exception = Assert.Throws<GptqException>(() => forward.TryCollect(block, Empty(block), Names(block), default));
        Assert.Equal("GPTQ4002", exception.Code);
        Assert.Contains(block.Linears[0].Name, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACancelledPassStops()
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        using var runner = new BlockRunner(source.Architecture, 1);
        using var forward = new DeviceForward(Lanes(2, null), Embed(runner, source.Architecture, 2));
        using var block = runner.OpenBlock(0);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => forward.TryAdvance(block, cancelled.Token));
    }

    [Fact]
    public void TheGraphOfADeviceMultipliesInFloat16AndTakesNoInputInVain()
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        using var runner = new BlockRunner(source.Architecture, 1);
        using var block = runner.OpenBlock(0);
        var graph = block.Graph.In(PartForm.Device);
        var (_, inputs) = graph.Needed([PartGraph.GramSum(0)]);
        Assert.Contains(PartGraph.Gram(0), inputs);
        Assert.DoesNotContain(PartGraph.Gram(1), inputs);
        Assert.DoesNotContain(inputs, input => input.Contains("fc2", StringComparison.Ordinal));
        Assert.Equal(Gptq.Onnx.ElementType.Float16, graph.TypeOf(graph.Parameters.First(parameter => parameter.Input.EndsWith("fc1.weight", StringComparison.Ordinal)).Input));
        Assert.Equal(Gptq.Onnx.ElementType.Float, graph.TypeOf(graph.Parameters.First(parameter => parameter.Input.EndsWith("fc1.bias", StringComparison.Ordinal)).Input));
    }

    /// <summary>Runs all blocks both ways; gives the codes of the warnings.</summary>
    private static string[] Compare(Architecture architecture, int gpus, Limits? limits, int sequencesPerBatch)
    {
        using var runner = new BlockRunner(architecture, 1);
        var expected = Embed(runner, architecture, sequencesPerBatch);
        var activations = Embed(runner, architecture, sequencesPerBatch);
        using var forward = new DeviceForward(Lanes(gpus, limits), activations);
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            using var block = runner.OpenBlock(layer);
            var (ours, theirs) = (Empty(block), Empty(block));
            for (var index = 0; index < expected.BatchCount; index++)
            {
                var batch = expected.BatchShape(index);
                block.RunTaps(batch, expected[index], (stage, inputs) => theirs[stage].Add(inputs, batch.Tokens, "layer", "0"), [.. theirs.Keys.Order()]);
            }
            Assert.True(forward.TryCollect(block, ours, Names(block), default));
            foreach (var stage in theirs.Keys)
            {
                Assert.Equal((long)Sequences * Length, ours[stage].Tokens);
                Assert.Equal(Sequences, ours[stage].Samples);
                AssertClose(theirs[stage], ours[stage], 0.004);
                theirs[stage].Dispose();
                ours[stage].Dispose();
            }
            expected.Advance(block, default);
            Assert.True(forward.TryAdvance(block, default));
        }
        forward.Settle();
        AssertClose(expected, activations, 0.01);
        return [.. forward.Warnings().Select(warning => warning.Code)];
    }

    private static void AssertClose(HessianAccumulator expected, HessianAccumulator actual, double tolerance)
    {
        double difference = 0, size = 0;
        for (var row = 0; row < expected.InFeatures; row++)
        {
            var a = expected.Sum(row, row + 1);
            var b = actual.Sum(row, row + 1);
            for (var column = 0; column <= row; column++)
            {
                difference += Math.Pow(a[column] - b[column], 2);
                size += Math.Pow(a[column], 2);
            }
        }
        Assert.InRange(Math.Sqrt(difference / size), 0, tolerance);
    }

    private static void AssertClose(CalibrationActivations expected, CalibrationActivations actual, double tolerance)
    {
        for (var index = 0; index < expected.BatchCount; index++)
        {
            var difference = expected[index].Zip(actual[index]).Sum(pair => Math.Pow(pair.First - pair.Second, 2));
            Assert.InRange(Math.Sqrt(difference / expected[index].Sum(value => Math.Pow(value, 2))), 0, tolerance);
        }
    }

    private static Architecture RandomArchitecture(string config) => Architectures.RandomCheckpoint.Create(config);

    private static CalibrationActivations Embed(BlockRunner runner, Architecture architecture, int sequencesPerBatch)
    {
        var random = new Random(11);
        int[][] sequences = [.. Enumerable.Range(0, Sequences).Select(_ => Enumerable.Range(0, Length).Select(_ => random.Next(architecture.VocabularySize)).ToArray())];
        using var embedding = runner.OpenEmbedding();
        return CalibrationActivations.Embed(embedding, sequences, default, tokensPerBatch: sequencesPerBatch * Length);
    }

    private static Dictionary<int, HessianAccumulator> Empty(ModelPart block) =>
        block.Linears.Select(module => module.Stage).Distinct().ToDictionary(stage => stage, stage => new HessianAccumulator(block.StageFeatures(stage)));

    private static Dictionary<int, string> Names(ModelPart block) =>
        block.Linears.GroupBy(module => module.Stage).ToDictionary(stage => stage.Key, stage => stage.First().Name);

    private static List<DeviceLane> Lanes(int gpus, Limits? limits) =>
        [.. Enumerable.Range(0, gpus).Select(index => new SmallLane(new Gpu(index, "Fake GPU", 8L << 30, 8L << 30), limits ?? new Limits()))];

    /// <summary>How much fits: sequences in one run, and batches of hidden states between runs.</summary>
    private sealed class Limits
    {
        public int Sequences { get; set; } = int.MaxValue;

        public int Held { get; set; } = int.MaxValue;
    }

    private sealed class SmallLane(Gpu gpu, Limits limits) : DeviceLane(new FakeGpu(), gpu)
    {
        private int _held;

        protected override OrtValue[] Run(
            byte[] model, IReadOnlyCollection<KeyValuePair<string, OrtValue>> inputs, IReadOnlyList<string> outputs, OrtMemoryInfo where, RunOptions options)
        {
            var hidden = inputs.FirstOrDefault(input => input.Key == PartGraph.Hidden).Value;
            if (hidden?.GetTensorTypeAndShape().Shape[0] > limits.Sequences) throw new DeviceOutOfMemoryException("cuda:0 (Fake GPU)");
            // Outputs of blocks are what is held; once they did not fit, the pass holds none, and the limit has had its effect.
            if (outputs is [PartGraph.Output] && ++_held == limits.Held + 1) throw new DeviceOutOfMemoryException("cuda:0 (Fake GPU)");
            return base.Run(model, inputs, outputs, where, options);
        }
    }
}
