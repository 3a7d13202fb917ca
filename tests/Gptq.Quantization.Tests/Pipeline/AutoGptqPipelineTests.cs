using System.Text.Json.Nodes;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Tests.Packing.AutoGptq;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>Formats=gptq, and checkpoints of this layout as input: out through the pipeline, back in through the pipeline.</summary>
public sealed class AutoGptqPipelineTests : PipelineTest
{
    private string Again => Path.Combine(Root, "again", "bard");

    public static TheoryData<QuantizationOptions> Choices() =>
    [
        new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.Gptq },
        new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.GptqV2, Bits = BitWidth.Three, GroupSize = 32 },
        new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.Gptq, Bits = BitWidth.Two, GroupSize = 16 },
        new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.Gptq, Bits = BitWidth.Eight, GroupSize = -1, Symmetric = true },
        new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.Gptq, ActOrder = ActOrder.Dynamic, GroupSize = 64 },
        new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.GptqV2, Modules = ModuleRules.Parse("*.layers.0.*=8;*.layers.1.fc2=skip;*.k_proj=3g64") },
    ];

    [Theory]
    [MemberData(nameof(Choices))]
    public async Task What_goes_out_and_comes_in_again_is_the_same_graph_byte_for_byte(QuantizationOptions options)
    {
        await RunAsync(Request(options));
        await RunAsync(Request() with { Model = Output, OutputDirectory = Again });

        Assert.Equal(File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")), File.ReadAllBytes(Path.Combine(Again, "model.onnx.data")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(Output, "model.onnx")), File.ReadAllBytes(Path.Combine(Again, "model.onnx")));
        var layers = JsonNode.Parse(File.ReadAllText(Path.Combine(Again, "quantization.json")))!["layers"]!.AsArray();
        Assert.All(layers, layer => Assert.Equal("kept", layer!["method"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData(BitWidth.Two, ModelFormats.Gptq)]
    [InlineData(BitWidth.Three, ModelFormats.Gptq)]
    [InlineData(BitWidth.Four, ModelFormats.Gptq)]
    [InlineData(BitWidth.Four, ModelFormats.GptqV2)]
    [InlineData(BitWidth.Eight, ModelFormats.Gptq)]
    public async Task An_independent_reader_finds_the_weights_that_the_checkpoint_stands_for(BitWidth bits, ModelFormats formats)
    {
        await RunAsync(Request(new QuantizationOptions { Formats = formats, Bits = bits, GroupSize = 64 }));

        Assert.False(File.Exists(Path.Combine(Output, "model.onnx")));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "config.json")))!["quantization_config"]!;
        Assert.Equal(
            ((int)bits, 64, "gptq", formats == ModelFormats.Gptq ? "gptq" : "gptq_v2", false),
            ((int)config["bits"]!, (int)config["group_size"]!, (string?)config["quant_method"], (string?)config["checkpoint_format"], (bool)config["desc_act"]!));
        Assert.Null(config["dynamic"]);
        using var stored = Checkpoint.Open(Output);
        using var source = ModelSource.Open(Output);
        foreach (var module in source.Architecture.Linears.Where(module => module.Layer >= 0))
        {
            var independent = new IndependentReader(stored, module.Name, (int)bits, formats == ModelFormats.Gptq);
            var weight = new float[module.OutFeatures * module.InFeatures];
            source.Architecture.ReadWeight(module, weight);
            for (var i = 0; i < weight.Length; i++) Assert.Equal(independent.Weight(i / module.InFeatures, i % module.InFeatures), weight[i]);
        }
    }

    [Fact]
    public async Task Layers_that_differ_are_named_in_the_configuration()
    {
        await RunAsync(Request(new QuantizationOptions { Formats = ModelFormats.Gptq, Modules = ModuleRules.Parse("*.layers.0.fc1=8g32;*.layers.4.fc2=skip") }));

        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantize_config.json")))!;
        Assert.Equal(
            """{"+:^model\\.decoder\\.layers\\.0\\.fc1$":{"bits":8,"group_size":32},"-:^model\\.decoder\\.layers\\.4\\.fc2$":{}}""",
            config["dynamic"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public async Task A_checkpoint_that_comes_in_predicts_as_the_one_that_went_out()
    {
        await RunAsync(Request(new QuantizationOptions { Formats = ModelFormats.Gptq, Bits = BitWidth.Three }));

        using var before = ModelSource.Open(TestPaths.BardOpt);
        using var after = ModelSource.Open(Output);
        var ids = before.Tokenizer.Encode(File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "README.md")), addSpecialTokens: false);
        var windows = EvaluationWindows.Cut(ids, 128).Take(4).ToList();
        var exact = EvaluationWindows.Perplexity(QualityRun.Float(before.Architecture, windows, threads: 2));
        var quantized = EvaluationWindows.Perplexity(QualityRun.Float(after.Architecture, windows, threads: 2));
        Assert.InRange(quantized / exact, 0.8, 1.5);
        Assert.NotEqual(exact, quantized);
    }

    [Fact]
    public async Task The_head_can_be_quantized_on_top_and_codes_stay()
    {
        await RunAsync(Request(new QuantizationOptions { Formats = ModelFormats.Onnx | ModelFormats.Gptq }));
        await RunAsync(Request(new QuantizationOptions { Modules = ModuleRules.Parse("lm_head=8") }) with { Model = Output, OutputDirectory = Again });

        var layers = JsonNode.Parse(File.ReadAllText(Path.Combine(Again, "quantization.json")))!["layers"]!.AsArray();
        Assert.Equal(Enumerable.Repeat("kept", 30).Append("gptq"), layers.Select(layer => layer!["method"]!.GetValue<string>()));
        Assert.Equal("lm_head", layers[^1]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Overrides_of_layers_that_have_codes_are_refused()
    {
        await RunAsync(Request(new QuantizationOptions { Formats = ModelFormats.Gptq }));
        await Refused("GPTQ1116", Request(new QuantizationOptions { Modules = ModuleRules.Parse("*.fc2=8") }) with { Model = Output, OutputDirectory = Again });
    }

    [Fact]
    public async Task Operators_that_cannot_hold_what_comes_in_are_refused()
    {
        await RunAsync(Request(new QuantizationOptions { Formats = ModelFormats.Gptq, Bits = BitWidth.Three }));
        await Refused("GPTQ1112", Request(new QuantizationOptions { Operators = OperatorSet.OnnxRuntime }) with { Model = Output, OutputDirectory = Again });
        await RunAsync(Request(new QuantizationOptions { Formats = ModelFormats.Gptq, ActOrder = ActOrder.Dynamic }));
        await Refused("GPTQ1113", Request(new QuantizationOptions { Operators = OperatorSet.Portable }) with { Model = Output, OutputDirectory = Again });
    }

    [Theory]
    [InlineData("ternary", "")]
    [InlineData("4", "lm_head=8")]
    [InlineData("4", "embed_tokens=8")]
    [InlineData("4", "embed_tokens=skip;lm_head=8")]
    public Task What_the_layout_cannot_hold_is_refused_before_calibration(string bits, string modules) => Refused(
        "GPTQ5020",
        Request(new QuantizationOptions { Formats = ModelFormats.Gptq, Bits = OptionValues.TryParseBits(bits)!.Value, Modules = ModuleRules.Parse(modules) }));

    private static async Task Refused(string code, QuantizationRequest request)
    {
        var calibrated = false;
        var failure = await Assert.ThrowsAsync<GptqException>(() => RunAsync(request, progress => calibrated |= progress.Phase == PipelinePhase.Quantize));
        Assert.Equal(code, failure.Code);
        Assert.False(calibrated);
    }
}
