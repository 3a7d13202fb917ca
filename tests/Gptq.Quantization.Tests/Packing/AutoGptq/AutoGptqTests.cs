using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.Safetensors;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Tests.Checkpoints.Support;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Packing.AutoGptq;

public sealed class AutoGptqTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public AutoGptqTests() => _folder.Write("source/config.json", """{"model_type":"opt"}""");

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int, int, AutoGptqVersion, bool> Layouts()
    {
        var layouts = new TheoryData<int, int, AutoGptqVersion, bool>();
        foreach (var bits in new[] { 2, 3, 4, 8 })
        {
            foreach (var version in Enum.GetValues<AutoGptqVersion>())
            {
                layouts.Add(bits, 96, version, false);
                layouts.Add(bits, 32, version, false);
                layouts.Add(bits, 32, version, true);
                layouts.Add(bits, 64, version, false);
            }
        }

        return layouts;
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void AnIndependentReaderSeesTheSameValues(int bits, int groupSize, AutoGptqVersion version, bool shuffled)
    {
        var linear = RandomLinear((BitWidth)bits, outFeatures: 64, inFeatures: 96, groupSize, version == AutoGptqVersion.V1 ? 1 : 0, shuffled);
        Write(linear, version);
        using var checkpoint = Checkpoint.Open(_folder.At("out"));
        AssertSameValues(linear, new IndependentReader(checkpoint, "m", bits, version == AutoGptqVersion.V1));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void WhatGoesOutComesInBitForBit(int bits, int groupSize, AutoGptqVersion version, bool shuffled)
    {
        var linear = RandomLinear((BitWidth)bits, outFeatures: 64, inFeatures: 96, groupSize, version == AutoGptqVersion.V1 ? 1 : 0, shuffled);
        Write(linear, version);
        using var checkpoint = Checkpoint.Open(_folder.At("out"));
        AssertSame(linear, new AutoGptqCheckpoint(checkpoint, AutoGptqConfig.Load(_folder.At("out"))!).ReadLinear("m"));
    }

    [Fact]
    public void TheReferenceImplementationsLayersSurvive()
    {
        var files = Directory.GetFiles(TestPaths.RequireReference("layers"), "w*.safetensors").Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var linear = ReadFixture(file);
            var version = linear.Zeros.All(zero => zero >= 1) ? AutoGptqVersion.V1 : AutoGptqVersion.V2;
            Write(linear, version);
            using var checkpoint = Checkpoint.Open(_folder.At("out"));
            AssertSame(linear, new AutoGptqCheckpoint(checkpoint, AutoGptqConfig.Load(_folder.At("out"))!).ReadLinear("m"));
            AssertSameValues(linear, new IndependentReader(checkpoint, "m", (int)linear.Bits, version == AutoGptqVersion.V1));
        }
    }

    [Fact]
    public void TheCheckpointLooksLikeTheFloatOneItStandsFor()
    {
        var linear = RandomLinear(BitWidth.Four, 32, 64, 16, 1, shuffled: false);
        var expected = new float[32 * 64];
        linear.Dequantize(expected);
        using (var file = SafetensorsFile.Open(_folder.Write("source/model.safetensors", SafetensorsBytes.Of(("norm.weight", "F32", [2], Bytes<float>([3, 4]))))))
        using (var writer = new AutoGptqWriter(Directory.CreateDirectory(_folder.At("out")).FullName, Config(linear, AutoGptqVersion.V1), shardBytes: 100))
        {
            writer.Copy(file, "norm.weight");
            writer.Add("m", linear);
            _folder.Write("source/vocab.json", "{}");
            Assert.Equal(
                ["config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
                    "model.safetensors.index.json", "quantize_config.json", "vocab.json"],
                writer.Complete(_folder.At("source")));
        }

        Assert.Empty(Directory.GetFiles(_folder.At("out"), "*.partial"));
        using var stored = Checkpoint.Open(_folder.At("out"));
        var config = AutoGptqConfig.Load(_folder.At("out"))!;
        var checkpoint = new AutoGptqCheckpoint(stored, config);
        Assert.Equal(["m.weight", "norm.weight"], checkpoint.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["m"], checkpoint.Modules);
        Assert.Equal([32, 64], checkpoint.Tensors["m.weight"].Shape);
        Assert.Equal(expected, checkpoint.ReadFloats("m.weight"));
        Assert.Equal(expected, checkpoint.ReadArray<float>("m.weight"));
        Assert.Equal([3, 4], checkpoint.ReadFloats("norm.weight"));
        var rows = new float[2 * 64];
        checkpoint.ReadRows("m.weight", 30, rows);
        Assert.Equal(expected[(30 * 64)..], rows);
        Assert.Throws<ArgumentOutOfRangeException>(() => checkpoint.ReadRows("m.weight", 31, rows));

        var transposed = new AutoGptqCheckpoint(stored, config, transposed: true);
        Assert.Equal([64, 32], transposed.Tensors["m.weight"].Shape);
        var column = new float[32];
        transposed.ReadRows("m.weight", 5, column);
        Assert.Equal(Enumerable.Range(0, 32).Select(row => expected[(row * 64) + 5]), column);
    }

    [Fact]
    public void TheConfigurationStandsInBothPlaces()
    {
        Write(RandomLinear(BitWidth.Four, 32, 64, 16, 1, shuffled: true), AutoGptqVersion.V2);
        var config = JsonNode.Parse(File.ReadAllText(_folder.At("out/config.json")))!;
        var own = JsonNode.Parse(File.ReadAllText(_folder.At("out/quantize_config.json")))!;
        Assert.Equal("opt", (string?)config["model_type"]);
        Assert.True(JsonNode.DeepEquals(config["quantization_config"], own));
        Assert.Equal(("gptq", 4, 16, "gptq_v2", true), ((string?)own["quant_method"], (int)own["bits"]!, (int)own["group_size"]!, (string?)own["checkpoint_format"], (bool)own["desc_act"]!));
        File.WriteAllText(_folder.At("out/config.json"), "{}");
        Assert.Equal(AutoGptqVersion.V2, AutoGptqConfig.Load(_folder.At("out"))!.Version);
        File.Delete(_folder.At("out/quantize_config.json"));
        Assert.Null(AutoGptqConfig.Load(_folder.At("out")));
    }

    [Fact]
    public void WhatTheLayoutCannotHoldIsRefusedAndNotChanged()
    {
        AssertRefused(RandomLinear(BitWidth.Four, 32, 64, 16, leastZero: 0, shuffled: false, zero: 0), AutoGptqVersion.V1, "gptq_v2");
        AssertRefused(RandomLinear(BitWidth.Four, 30, 64, 16, 1, shuffled: false), AutoGptqVersion.V1, "multiples of 8");
        AssertRefused(RandomLinear(BitWidth.Three, 32, 48, 16, 1, shuffled: false), AutoGptqVersion.V1, "multiples of 32");
        AssertRefused(RandomLinear(BitWidth.Four, 32, 64, 16, 1, shuffled: false, scale: 0.1f), AutoGptqVersion.V1, "float16");
    }

    [Theory]
    [InlineData("""{"quant_method":"awq","bits":4}""")]
    [InlineData("""{"bits":5,"group_size":128}""")]
    [InlineData("""{"bits":"four"}""")]
    [InlineData("""{"bits":4,"group_size":0}""")]
    [InlineData("""{"bits":4,"checkpoint_format":"marlin"}""")]
    [InlineData("""{"bits":4,"is_marlin_format":true}""")]
    [InlineData("""{"bits":4,"bits":4}""")]
    [InlineData("""{"bits":""")]
    [InlineData("{}")]
    public void AnotherQuantizationIsSaidSo(string json)
    {
        _folder.Write("q/quantize_config.json", json);
        Assert.Equal("GPTQ2220", Assert.Throws<GptqException>(() => AutoGptqConfig.Load(_folder.At("q"))).Code);
    }

    [Theory]
    [InlineData("m.qzeros", "missing")]
    [InlineData("m.scales", "missing")]
    public void AMissingPartIsNamed(string part, string said)
        => Assert.Contains(said, AssertWrong(Sound().Where(tensor => tensor.Name != part)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("m.qweight", "I32", 7, 8)]
    [InlineData("m.qweight", "I32", 0, 8)]
    [InlineData("m.qweight", "I32", 4, 7)]
    [InlineData("m.qzeros", "I32", 3, 1)]
    [InlineData("m.scales", "F16", 2, 4)]
    [InlineData("m.g_idx", "I32", 31, 1)]
    public void PartsThatContradictOneAnotherAreRefused(string part, string type, int rows, int columns)
        => AssertWrong(Sound().Select(tensor => tensor.Name == part
            ? (part, type, [rows, columns], new byte[rows * columns * (type == "F16" ? 2 : 4)])
            : tensor));

    [Fact]
    public void AGroupThatDoesNotExistIsRefused()
    {
        foreach (var group in new[] { -1, 2 })
        {
            var index = new int[32];
            index[17] = group;
            AssertWrong(Sound().Select(tensor => tensor.Name == "m.g_idx" ? ("m.g_idx", "I32", [32], Bytes(index)) : tensor));
        }
    }

    [Fact]
    public void AFloatWeightBesideTheCodesIsRefused()
        => AssertWrong(Sound().Append(("m.weight", "F32", [1], new byte[4])));

    /// <summary>A linear of 32 inputs in two groups and 8 outputs at 4 bits.</summary>
    private static IEnumerable<(string Name, string Type, long[] Shape, byte[] Data)> Sound()
        =>
        [
            ("m.qweight", "I32", [4, 8], new byte[4 * 8 * 4]), ("m.qzeros", "I32", [2, 1], new byte[8]),
            ("m.scales", "F16", [2, 8], new byte[32]), ("m.g_idx", "I32", [32], new byte[128]),
        ];

    private GptqException AssertWrong(IEnumerable<(string Name, string Type, long[] Shape, byte[] Data)> tensors)
    {
        using var file = SafetensorsFile.Open(_folder.Write("wrong.safetensors", SafetensorsBytes.Of([.. tensors])));
        var error = Assert.Throws<GptqException>(
            () => new AutoGptqCheckpoint(file, new AutoGptqConfig(BitWidth.Four, 16, false, false, AutoGptqVersion.V1)).ReadLinear("m"));
        Assert.Equal("GPTQ2219", error.Code);
        return error;
    }

    private void AssertRefused(QuantizedLinear linear, AutoGptqVersion version, string said)
    {
        var error = Assert.Throws<GptqException>(() => Write(linear, version));
        Assert.Equal("GPTQ5020", error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    private void Write(QuantizedLinear linear, AutoGptqVersion version)
    {
        using var writer = new AutoGptqWriter(Directory.CreateDirectory(_folder.At("out")).FullName, Config(linear, version));
        writer.Add("m", linear);
        writer.Complete(_folder.At("source"));
    }

    private static AutoGptqConfig Config(QuantizedLinear linear, AutoGptqVersion version)
        => new(linear.Bits, linear.GroupSize >= linear.InFeatures ? -1 : linear.GroupSize, false, linear.GroupIndex is not null, version);

    private static void AssertSame(QuantizedLinear expected, QuantizedLinear actual)
    {
        Assert.Equal((expected.OutFeatures, expected.InFeatures, expected.Bits, expected.GroupSize), (actual.OutFeatures, actual.InFeatures, actual.Bits, actual.GroupSize));
        Assert.True(expected.Codes.AsSpan().SequenceEqual(actual.Codes));
        Assert.Equal(expected.Scales, actual.Scales);
        Assert.Equal(expected.Zeros, actual.Zeros);
        Assert.Equal(expected.GroupIndex, actual.GroupIndex);
    }

    private static void AssertSameValues(QuantizedLinear expected, IndependentReader actual)
    {
        Assert.Equal((expected.OutFeatures, expected.InFeatures), (actual.OutFeatures, actual.InFeatures));
        var weights = new float[expected.Codes.Length];
        expected.Dequantize(weights);
        for (var row = 0; row < expected.OutFeatures; row++)
        {
            for (var column = 0; column < expected.InFeatures; column++)
            {
                Assert.Equal(expected.Codes[(row * expected.InFeatures) + column], actual.Code(row, column));
                Assert.Equal(weights[(row * expected.InFeatures) + column], actual.Weight(row, column));
            }
        }
    }

    private static QuantizedLinear RandomLinear(
        BitWidth bits, int outFeatures, int inFeatures, int groupSize, int leastZero, bool shuffled, int? zero = null, float? scale = null)
    {
        var random = new Random(outFeatures + inFeatures + groupSize + (int)bits);
        var groups = (inFeatures + groupSize - 1) / groupSize;
        var codes = new byte[outFeatures * inFeatures];
        random.NextBytes(codes);
        var levels = 1 << (int)bits;
        int[]? index = null;
        if (shuffled)
        {
            index = [.. Enumerable.Range(0, inFeatures).Select(column => column / groupSize)];
            random.Shuffle(index);
        }

        return new QuantizedLinear(
            outFeatures,
            inFeatures,
            bits,
            groupSize,
            [.. codes.Select(code => (byte)(code % levels))],
            [.. Enumerable.Range(0, outFeatures * groups).Select(_ => scale ?? (float)(Half)random.NextSingle())],
            [.. Enumerable.Range(0, outFeatures * groups).Select(_ => (float)(zero ?? random.Next(leastZero, levels)))],
            index);
    }

    private static QuantizedLinear ReadFixture(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var bits = int.Parse(file.Metadata["bits"], CultureInfo.InvariantCulture);
        var shape = file.Tensors["quantized"].Shape;
        var (rows, columns) = ((int)shape[0], (int)shape[1]);
        var values = file.ReadFloats("quantized");
        var scales = file.ReadFloats("scales");
        var zeros = file.ReadFloats("zeros");
        var index = file.ReadArray<int>("g_idx");
        var groups = scales.Length / rows;
        var codes = new byte[rows * columns];
        for (var i = 0; i < codes.Length; i++)
        {
            var group = (i / columns * groups) + index[i % columns];
            codes[i] = (byte)Math.Round((values[i] / scales[group]) + zeros[group]);
        }

        // The codes are what is compared; the fixture's scales are float32, which the layout does not hold.
        var groupSize = columns / groups;
        var inOrder = index.Select((group, column) => group == column / groupSize).All(same => same);
        return new QuantizedLinear(rows, columns, (BitWidth)bits, groupSize, codes, [.. scales.Select(scale => (float)(Half)scale)], zeros, inOrder ? null : index);
    }

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged
        => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
