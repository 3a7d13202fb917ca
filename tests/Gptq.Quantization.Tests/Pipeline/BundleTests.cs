using System.Text.Json.Nodes;
using Gptq.Quantization.Options;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Pipeline;

public sealed class BundleTests : PipelineTest
{
    [Fact]
    public async Task A_bundle_holds_graph_weights_tokenizer_and_descriptions()
    {
        var manifest = Path.Combine(Root, "manifest.json");
        var summary = await RunAsync(Request() with { ManifestPath = manifest });

        Assert.False(summary.FromCache);
        string[] expected =
            ["genai_config.json", "generation_config.json", "merges.txt", "model.onnx", "model.onnx.data", "quantization.json", "tokenizer.json", "tokenizer_config.json", "vocab.json"];
        Assert.Equal(expected, Directory.EnumerateFiles(Output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(expected, JsonNode.Parse(File.ReadAllText(manifest))!["files"]!.AsArray().Select(file => file!["path"]!.GetValue<string>()));

        var genai = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "genai_config.json")))!["model"]!;
        Assert.Equal((512, 2048, 2), (genai["context_length"]!.GetValue<int>(), genai["vocab_size"]!.GetValue<int>(), genai["eos_token_id"]!.GetValue<int>()));

        var layers = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantization.json")))!["layers"]!.AsArray();
        Assert.Equal(5 * 6, layers.Count);
        Assert.All(layers, layer => Assert.Equal("4", layer!["bits"]!.GetValue<string>()));
        // The weights of the blocks take 4 bits, the tied embedding stays: far below the checkpoint's 9.2 MB of float16.
        Assert.InRange(new FileInfo(Path.Combine(Output, "model.onnx.data")).Length, 3_500_000, 5_000_000);
    }

    [Theory]
    [InlineData(OperatorSet.OnnxRuntime)]
    [InlineData(OperatorSet.OnnxRuntimeHalf)]
    [InlineData(OperatorSet.Portable)]
    public async Task Graphs_without_own_operators_load_in_plain_onnx_runtime(OperatorSet operators)
    {
        await RunAsync(Request(new QuantizationOptions { Operators = operators, Bits = BitWidth.Four }));

        using var session = new InferenceSession(Path.Combine(Output, "model.onnx"));
        Assert.Contains("present.4.value", session.OutputMetadata.Keys);
    }

    [Theory]
    [InlineData(BitWidth.Three, 4)]
    [InlineData(BitWidth.Ternary, 2)]
    public async Task What_onnx_runtime_has_no_operator_for_falls_back_to_what_it_has_and_says_so(BitWidth asked, int taken)
    {
        var request = Request(new QuantizationOptions { Operators = OperatorSet.OnnxRuntime, Bits = asked });

        var warning = Assert.Single((await RunAsync(request)).Warnings, warning => warning.Code == "GPTQ1119");
        Assert.Contains(warning, (await RunAsync(request)).Warnings);

        Assert.Contains($"29 other layers get {taken} bits", warning.Message, StringComparison.Ordinal);
        Assert.All(
            Gptq.Onnx.ModelFile.Load(Path.Combine(Output, "model.onnx")).Graph.Node.Where(node => node.OpType == "MatMulNBits"),
            node => Assert.Equal(taken, node.Attribute.Single(attribute => attribute.Name == "bits").I));
    }

    [Theory]
    [InlineData(BitWidth.Two, 4)]
    [InlineData(BitWidth.Four, 0)]
    [InlineData(BitWidth.Eight, 4)]
    public async Task Graphs_for_onnx_runtime_have_no_form_that_is_slower_than_the_float_product(BitWidth bits, int accuracyLevel)
    {
        await RunAsync(Request(new QuantizationOptions { Operators = OperatorSet.OnnxRuntime, Bits = bits }));

        Assert.All(
            Gptq.Onnx.ModelFile.Load(Path.Combine(Output, "model.onnx")).Graph.Node.Where(node => node.OpType == "MatMulNBits"),
            node => Assert.Equal(accuracyLevel, node.Attribute.Single(attribute => attribute.Name == "accuracy_level").I));
    }

    [Fact]
    public async Task The_graph_for_CUDA_has_the_shapes_that_its_fast_kernels_take()
    {
        await RunAsync(Request(new QuantizationOptions { Operators = OperatorSet.OnnxRuntimeHalf, Modules = ModuleRules.Parse("*.fc1=8g64") }));

        var graph = Gptq.Onnx.ModelFile.Load(Path.Combine(Output, "model.onnx")).Graph;
        var products = graph.Node.Where(node => node.OpType == "MatMulNBits").ToList();
        Assert.Equal(5 * 6, products.Count);
        var types = graph.Initializer.ToDictionary(tensor => tensor.Name, tensor => (Gptq.Onnx.ElementType)tensor.DataType);
        Assert.All(products, node =>
        {
            long Attribute(string name) => node.Attribute.Single(attribute => attribute.Name == name).I;
            Assert.Equal(Gptq.Onnx.ElementType.Float16, types[node.Input[2]]);
            Assert.Contains(Attribute("bits"), new long[] { 4, 8 });
            Assert.Contains(Attribute("block_size"), new long[] { 32, 64, 128 });
            Assert.Equal(0, Attribute("K") % Attribute("block_size"));
            Assert.Equal(0, Attribute("N") % 64);
            Assert.Equal(4, node.Input.Count);
        });
        Assert.All(graph.Node.Where(node => node.OpType == "GroupQueryAttention"), node => Assert.Equal(7, node.Input.Count));
        Assert.DoesNotContain(graph.Initializer, tensor => types[tensor.Name] == Gptq.Onnx.ElementType.Float && tensor.Dims.Count == 2 && tensor.Dims[0] > 1024);
    }

    [Theory]
    [InlineData(BitWidth.Three, 128)]
    [InlineData(BitWidth.Two, 128)]
    [InlineData(BitWidth.Four, 256)]
    public async Task The_graph_for_CUDA_refuses_what_has_no_fast_kernel(BitWidth bits, int groupSize)
    {
        var exception = await Assert.ThrowsAsync<GptqException>(() => RunAsync(Request(new QuantizationOptions { Operators = OperatorSet.OnnxRuntimeHalf, Bits = bits, GroupSize = groupSize })));
        Assert.Equal("GPTQ1112", exception.Code);
    }

    [Fact]
    public async Task Threads_change_no_byte()
    {
        await RunAsync(Request() with { Threads = 1, OutputDirectory = Path.Combine(Root, "one"), CacheDirectory = Path.Combine(Root, "cache1") });
        await RunAsync(Request() with { Threads = 3, OutputDirectory = Path.Combine(Root, "three"), CacheDirectory = Path.Combine(Root, "cache3") });

        Assert.Equal(Files(Path.Combine(Root, "one")), Files(Path.Combine(Root, "three")));
    }

    [Fact]
    public async Task Modules_choose_bits_per_layer_and_skip()
    {
        await RunAsync(Request(new QuantizationOptions { Modules = ModuleRules.Parse("*.layers.0.*=8;*.fc2=skip;*.k_proj=3g64") }));

        var layers = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantization.json")))!["layers"]!.AsArray()
            .ToDictionary(layer => layer!["name"]!.GetValue<string>(), layer => layer!["bits"]!.GetValue<string>());
        Assert.Equal("8", layers["model.decoder.layers.0.fc2"]);
        Assert.DoesNotContain("model.decoder.layers.1.fc2", layers.Keys);
        Assert.Equal("3", layers["model.decoder.layers.1.self_attn.k_proj"]);
        Assert.Equal("4", layers["model.decoder.layers.1.self_attn.q_proj"]);
    }

    [Theory]
    [InlineData("lm_head=8", OperatorSet.Gptq)]
    [InlineData("embed_tokens=8g64", OperatorSet.OnnxRuntime)]
    public async Task A_tied_table_is_quantized_once_for_embedding_and_head(string modules, OperatorSet operators)
    {
        await RunAsync(Request(new QuantizationOptions { Modules = ModuleRules.Parse(modules), Operators = operators }));

        var layers = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantization.json")))!["layers"]!.AsArray();
        Assert.Equal(("lm_head", "8"), (layers[^1]!["name"]!.GetValue<string>(), layers[^1]!["bits"]!.GetValue<string>()));
        // 2048 x 256 as bytes instead of float32; ONNX Runtime's two operators each bring a layout of their own.
        Assert.InRange(new FileInfo(Path.Combine(Output, "model.onnx.data")).Length, 2_200_000, operators == OperatorSet.Gptq ? 3_400_000 : 4_000_000);
    }

    [Fact]
    public async Task An_embedding_can_be_quantized_alone()
    {
        await RunAsync(Request(new QuantizationOptions { Modules = ModuleRules.Parse("embed_tokens=4;lm_head=skip") }));

        var last = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "quantization.json")))!["layers"]!.AsArray()[^1]!;
        Assert.Equal(("model.decoder.embed_tokens", "rtn"), (last["name"]!.GetValue<string>(), last["method"]!.GetValue<string>()));
    }
}
