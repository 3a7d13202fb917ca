using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.PyTorch;
using Gptq.Quantization.Checkpoints.Safetensors;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Checkpoints;

/// <summary>Files that PyTorch itself wrote, against the values that it had in memory.</summary>
public sealed class ReferencePyTorchTests
{
    [Theory]
    [InlineData("quirks_zip.bin")]
    [InlineData("quirks_zip_protocol4.bin")]
    [InlineData("quirks_legacy.bin")]
    [InlineData("nested.bin")]
    public void EveryTensorHasTheExpectedBytes(string name)
    {
        var folder = TestPaths.RequireReference("architectures", "torchsave-quirks");
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        using var actual = PyTorchFile.Open(Path.Combine(folder, name));
        Assert.Equal(expected.Tensors.Keys.Order(StringComparer.Ordinal), actual.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var tensor in expected.Tensors.Values)
        {
            Assert.Equal(tensor.DataType, actual.Tensors[tensor.Name].DataType);
            Assert.Equal(tensor.Shape, actual.Tensors[tensor.Name].Shape);
            Assert.Equal(Raw(expected, tensor), Raw(actual, actual.Tensors[tensor.Name]));
        }
    }

    [Theory]
    [InlineData("opt-350m")]
    [InlineData("opt-noprefix-bin")]
    [InlineData("gpt2-noprefix-legacybin")]
    [InlineData("mistral-window8-shardbin")]
    [InlineData("llama-sharded-bias-linear")]
    [InlineData("llama3-tied-bf16")]
    public void CheckpointsAreReadWhole(string name)
    {
        using var checkpoint = Checkpoint.Open(TestPaths.RequireReference("architectures", name));
        Assert.NotEmpty(checkpoint.Tensors);
        foreach (var tensor in checkpoint.Tensors.Values.Where(tensor => tensor.DataType is "F32" or "F16" or "BF16"))
        {
            Assert.True(Array.TrueForAll(checkpoint.ReadFloats(tensor.Name), float.IsFinite), tensor.Name);
        }
    }

    private static byte[] Raw(ITensorSource source, TensorInfo tensor)
    {
        var size = tensor.DataType switch { "F64" or "I64" => 8, "F32" or "I32" => 4, "F16" or "BF16" or "I16" => 2, _ => 1 };
        var bytes = new byte[tensor.ElementCount * size];
        source.ReadRaw(tensor.Name, 0, bytes);
        return bytes;
    }
}
