using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Checkpoints;
using Gptq.Runtime.Configuration;
using Gptq.Runtime.Generation;
using Gptq.Tests;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Gptq.Runtime.Tests;

/// <summary>What an app on a GPU uses, as far as the processor can run it: float16 graphs, a cache that the device keeps, and what is said where there is none.</summary>
public sealed class DeviceTests(BardModel bard) : IClassFixture<BardModel>
{
    private const string Text = "KING RICHARD:\nNow is the winter of our discontent made glorious summer by this sun of York, and all the clouds that lour'd upon our house.\n";

    [Fact]
    public void AFloat16GraphPredictsAsTheFloat32OneDoes()
    {
        var folder = BardModel.Create(half: true);
        try
        {
            using var half = QuantizedModel.Open(folder, new QuantizedModelOptions { Threads = 1 });
            using (var session = new InferenceSession(Path.Combine(folder, "model.onnx")))
            {
                Assert.Equal(TensorElementType.Float16, session.InputMetadata["past_key_values.0.key"].ElementDataType);
                Assert.Equal(TensorElementType.Float, session.OutputMetadata["logits"].ElementDataType);
            }
            var result = half.Evaluate(string.Concat(Enumerable.Repeat(Text, 4)), window: 64, reference: bard.Model);
            Assert.InRange(result.KlDivergence!.Value, 0, 1e-4);
            Assert.Equal(string.Concat(bard.Model.Generate(Text, Greedy)), string.Concat(half.Generate(Text, Greedy)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void ACacheThatTheDeviceKeepsHoldsTheSame(bool portable, bool half)
    {
        var folder = BardModel.Create(portable, half);
        try
        {
            using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
            var signature = new DecoderSignature(session, GenaiConfig.Read(folder), "model.onnx");
            using var usual = new DecoderState(session, signature);
            using var device = new DecoderState(session, signature, OrtMemoryInfo.DefaultInstance);
            using var run = new RunOptions();
            for (var round = 0; round < 2; round++)
            {
                foreach (var tokens in new int[][] { [2, 100, 200, 300, 400], [500], [600], [700, 800] })
                    Assert.Equal(usual.Append(tokens, run).ToArray(), device.Append(tokens, run).ToArray());
                usual.Reset();
                device.Reset();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void CudaWithoutItsProviderIsAnErrorThatSaysWhatToReference()
    {
        Assert.SkipWhen(OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"), "This ONNX Runtime has a CUDA provider.");
        var exception = Assert.Throws<QuantizedModelException>(() => QuantizedModel.Open(bard.Folder, ModelDevice.Cuda(1)));
        Assert.Equal("GPTQ6110", exception.Code);
        Assert.Contains("cuda:1", exception.Reason, StringComparison.Ordinal);
        Assert.Contains("GptqOnnxRuntime=Gpu", exception.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void TheProcessorIsTheDefault()
    {
        Assert.Equal(ModelDevice.Cpu, new QuantizedModelOptions().Device);
        Assert.Equal(("cpu", "cuda:0"), (ModelDevice.Cpu.ToString(), ModelDevice.Cuda().ToString()));
        using var model = QuantizedModel.Open(bard.Folder, ModelDevice.Cpu);
        Assert.Equal(bard.Model.VocabularySize, model.VocabularySize);
    }

    private static GenerationOptions Greedy => new() { MaxNewTokens = 24 };
}
