using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Tests.Checkpoints.Support;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheSampleCheckpointIsRead()
    {
        using var checkpoint = Checkpoint.Open(TestPaths.BardOpt);
        Assert.Equal("model.safetensors", Path.GetFileName(Assert.Single(checkpoint.Files)));
        Assert.All(checkpoint.Tensors.Values, tensor => Assert.True(Array.TrueForAll(checkpoint.ReadFloats(tensor.Name), float.IsFinite), tensor.Name));
    }

    [Fact]
    public void ShardsAreReadAsOne()
    {
        WriteShard("a.safetensors", ("w", 1), ("both", 2));
        WriteShard("b.safetensors", ("v", 3), ("both", 4), ("unlisted", 5));
        _folder.Write("model.safetensors.index.json", """{"metadata":{},"weight_map":{"v":"b.safetensors","w":"a.safetensors","both":"b.safetensors"}}""");
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(["both", "unlisted", "v", "w"], checkpoint.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([1], checkpoint.ReadFloats("w"));
        Assert.Equal([3], checkpoint.ReadFloats("v"));
        Assert.Equal([4], checkpoint.ReadFloats("both"));
        Assert.Equal([5], checkpoint.ReadFloats("unlisted"));
        Assert.Equal([_folder.At("a.safetensors"), _folder.At("b.safetensors")], checkpoint.Files);
    }

    [Fact]
    public void AWholeFileIsPreferredToShardsAndTheStandardNameToOthers()
    {
        WriteShard("model.safetensors", ("w", 1));
        WriteShard("other.safetensors", ("w", 2));
        _folder.Write("model.safetensors.index.json", """{"weight_map":{"w":"other.safetensors"}}""");
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal([1], checkpoint.ReadFloats("w"));
        using var file = Checkpoint.Open(_folder.At("other.safetensors"));
        Assert.Equal([2], file.ReadFloats("w"));
    }

    [Fact]
    public void OneFileOfAnotherNameIsTakenWhateverTrainersLeftBesideIt()
    {
        WriteShard("mine.safetensors", ("w", 1));
        _folder.Write("training_args.bin", "x");
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal([1], checkpoint.ReadFloats("w"));
    }

    [Fact]
    public void SeveralFilesWithoutAnIndexAreRefused()
    {
        WriteShard("model-00001-of-00002.safetensors", ("w", 1));
        WriteShard("model-00002-of-00002.safetensors", ("v", 1));
        AssertRefused("GPTQ2211", "model-00001-of-00002.safetensors");
    }

    [Fact]
    public void AFolderWithoutWeightsIsRefused()
    {
        _folder.Write("config.json", "{}");
        AssertRefused("GPTQ2201", "model.safetensors");
    }

    [Fact]
    public void AMissingFolderIsRefused()
        => Assert.Equal("GPTQ2207", Assert.Throws<GptqException>(() => Checkpoint.Open(_folder.At("no"))).Code);

    [Fact]
    public void AMissingShardIsNamed()
    {
        WriteShard("a.safetensors", ("w", 1));
        _folder.Write("model.safetensors.index.json", """{"weight_map":{"w":"a.safetensors","v":"b.safetensors"}}""");
        AssertRefused("GPTQ2212", "b.safetensors");
    }

    [Fact]
    public void ATensorThatItsShardLacksIsNamed()
    {
        WriteShard("a.safetensors", ("w", 1));
        WriteShard("b.safetensors", ("v", 1));
        _folder.Write("model.safetensors.index.json", """{"weight_map":{"w":"a.safetensors","v":"a.safetensors","x":"b.safetensors"}}""");
        AssertRefused("GPTQ2213", "x (b.safetensors)");
    }

    [Theory]
    [InlineData("../a.safetensors")]
    [InlineData("..\\\\a.safetensors")]
    [InlineData("sub/a.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\\\a.safetensors")]
    [InlineData("C:a.safetensors")]
    [InlineData("\\\\\\\\server\\\\share")]
    [InlineData("..")]
    [InlineData("a.safetensors\\u0000")]
    [InlineData("")]
    public void AShardOutsideTheFolderIsRefused(string name)
    {
        Directory.CreateDirectory(_folder.At("model"));
        WriteShard("a.safetensors", ("w", 1));
        _folder.Write("model/model.safetensors.index.json", $$$"""{"weight_map":{"w":"{{{name}}}"}}""");
        Assert.Equal("GPTQ2206", Assert.Throws<GptqException>(() => Checkpoint.Open(_folder.At("model"))).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"weight_map":{}}""")]
    [InlineData("""{"weight_map":["a.safetensors"]}""")]
    [InlineData("""{"weight_map":{"w":"a.safetensors","w":"b.safetensors"}}""")]
    [InlineData("""{"weight_map":{"w":"\ud800"}}""")]
    public void ADamagedIndexIsRefused(string json)
    {
        WriteShard("a.safetensors", ("w", 1));
        WriteShard("b.safetensors", ("w", 1));
        _folder.Write("model.safetensors.index.json", json);
        AssertRefused("GPTQ2205", "model.safetensors.index.json");
    }

    private void AssertRefused(string code, string named)
    {
        var error = Assert.Throws<GptqException>(() => Checkpoint.Open(_folder.Path));
        Assert.Equal(code, error.Code);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private void WriteShard(string name, params (string Name, float Value)[] tensors)
        => _folder.Write(name, SafetensorsBytes.Of(
            [.. tensors.Select(tensor => (tensor.Name, "F32", new long[] { 1 }, MemoryMarshal.AsBytes<float>([tensor.Value]).ToArray()))]));
}
