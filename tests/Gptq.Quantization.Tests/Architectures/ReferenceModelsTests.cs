using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Checkpoints;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Trained checkpoints against logits that an independent implementation computed.</summary>
public sealed class ReferenceModelsTests
{
    private const double Tolerance = 1e-3;

    [Theory]
    [InlineData("bard-opt")]
    [InlineData("stories260K")]
    public void Logits_equal_the_reference(string name)
    {
        var folder = TestPaths.RequireShared("models", name);
        using var expected = Checkpoint.Open(TestPaths.RequireReference("models", name, "logits.safetensors"));
        using var checkpoint = Checkpoint.Open(folder);
        var architecture = Architecture.Create(ModelConfig.Load(Path.Combine(folder, "config.json")), checkpoint);
        var ids = expected.ReadArray<long>("input_ids");
        var shape = expected.Tensors["input_ids"].Shape;
        var batch = shape.Count == 1 ? 1 : (int)shape[0];

        using var decoder = new DecoderSession(architecture);
        Assert.InRange(Difference.Max(decoder.Run(ids, batch), expected.ReadFloats("logits")), 0, Tolerance);
        var (_, logits) = ModelParts.Run(architecture, new TokenBatch(batch, ids.Length / batch), ids);
        Assert.InRange(Difference.Max(logits, expected.ReadFloats("logits")), 0, Tolerance);
    }
}
