using System.Text;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Tests.Architectures;

public sealed class ArchitectureErrorsTests
{
    private const string Opt = """ "model_type": "opt", "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50 """;
    private const string Llama = """ "model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 50 """;

    [Theory]
    [InlineData("""{"model_type": "mamba"}""", "GPTQ2103", "llama")]
    [InlineData("""{}""", "GPTQ2103", "opt")]
    [InlineData("""[]""", "GPTQ2101", "object")]
    [InlineData("""{"model_type": """, "GPTQ2101", "JSON")]
    [InlineData("""{"model_type": "opt", "hidden_size": "big"}""", "GPTQ2102", "hidden_size")]
    [InlineData("""{"model_type": "opt", "hidden_size": 0}""", "GPTQ2102", "hidden_size")]
    [InlineData("""{"model_type": "opt", "hidden_size": -5}""", "GPTQ2102", "hidden_size")]
    [InlineData("""{"model_type": "opt", "hidden_size": 99999999999}""", "GPTQ2102", "hidden_size")]
    [InlineData("""{"model_type": "opt", "hidden_size": 30, "num_attention_heads": 4}""", "GPTQ2102", "num_attention_heads")]
    [InlineData("""{"model_type": "opt", "activation_function": "xielu"}""", "GPTQ2104", "xielu")]
    [InlineData("""{"model_type": "opt", "quantization_config": {"bits": 4}}""", "GPTQ2105", "quantized")]
    [InlineData("""{"model_type": "gpt2", "add_cross_attention": true}""", "GPTQ2104", "add_cross_attention")]
    [InlineData($$"""{ {{Llama}}, "num_key_value_heads": 3}""", "GPTQ2102", "num_key_value_heads")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_scaling": {"type": "mrope"}}""", "GPTQ2104", "mrope")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_scaling": {"type": "linear"}}""", "GPTQ2102", "rope_scaling.factor")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_scaling": {"type": "linear", "factor": 0}}""", "GPTQ2102", "rope_scaling.factor")]
    [InlineData($$"""{ {{Llama}}, "rope_scaling": "linear"}""", "GPTQ2102", "rope_scaling")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1]}}""", "GPTQ2102", "short_factor")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_parameters": {"partial_rotary_factor": 0.5}}""", "GPTQ2104", "partial_rotary_factor")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_parameters": {"full_attention": {"rope_theta": 1.0} } }""", "GPTQ2104", "full_attention")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 2, "rope_theta": 100.0}}""", "GPTQ2104", "rope_scaling.rope_theta")]
    [InlineData($$$"""{ {{{Llama}}}, "rope_scaling": {"type": "linear", "factor": 2, "partial_rotary_factor": 0.5}}""", "GPTQ2104", "partial_rotary_factor")]
    [InlineData($$"""{ {{Llama}}, "head_dim": 7}""", "GPTQ2102", "head_dim")]
    [InlineData("""{"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": ["chunked_attention"]}""", "GPTQ2104", "chunked_attention")]
    [InlineData("""{"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": []}""", "GPTQ2102", "layer_types")]
    [InlineData("""{"model_type": "gemma2", "use_bidirectional_attention": true}""", "GPTQ2104", "use_bidirectional_attention")]
    [InlineData("""{"model_type": "bloom", "hidden_size": 64, "n_inner": 100}""", "GPTQ2104", "n_inner")]
    [InlineData("""{"model_type": "qwen2", "num_hidden_layers": 1, "layer_types": ["sliding_attention"]}""", "GPTQ2102", "sliding_window")]
    [InlineData("""{"model_type": "gemma", "hidden_act": "gelu", "hidden_activation": "gelu_pytorch_tanh"}""", "GPTQ2104", "hidden_activation")]
    public void A_config_that_cannot_be_followed_is_refused(string config, string code, string named)
    {
        var exception = Assert.Throws<GptqException>(() => Architecture.RequiredTensors(ModelConfig.Parse(Encoding.UTF8.GetBytes(config))));
        Assert.Equal(code, exception.Code);
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_that_are_not_known_are_named()
    {
        var architecture = RandomCheckpoint.Create($$$"""{ {{{Llama}}}, "attention_multiplier": 2.0, "torch_dtype": "float16", "clip": null, "pruned_heads": {}, "tags": [], "is_encoder_decoder": false, "rope_scaling": {"type": "linear", "factor": 2, "alpha": 3}}""");
        var warning = Assert.Single(architecture.Warnings);
        Assert.Equal("GPTQ2106", warning.Code);
        Assert.Contains("attention_multiplier, rope_scaling.alpha.", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gemma_that_may_mean_another_activation_is_warned_of()
    {
        var architecture = RandomCheckpoint.Create("""{"model_type": "gemma", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 8, "vocab_size": 50, "hidden_act": "gelu"}""");
        Assert.Equal("GPTQ2107", Assert.Single(architecture.Warnings).Code);
    }

    [Fact]
    public void Missing_tensors_are_named()
    {
        const string Config = $$"""{ {{Opt}} }""";
        var checkpoint = new RandomCheckpoint(Config);
        checkpoint.Remove("model.decoder.layers.1.fc1.weight");
        checkpoint.Remove("model.decoder.final_layer_norm.bias");
        var exception = Assert.Throws<GptqException>(() => RandomCheckpoint.Create(Config, checkpoint));
        Assert.Equal("GPTQ2110", exception.Code);
        Assert.Contains("model.decoder.final_layer_norm.bias, model.decoder.layers.1.fc1.weight", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_of_other_extents_are_named()
    {
        const string Config = $$"""{ {{Opt}} }""";
        var checkpoint = new RandomCheckpoint(Config);
        checkpoint.Add("model.decoder.layers.1.fc1.weight", 32, 64);
        var exception = Assert.Throws<GptqException>(() => RandomCheckpoint.Create(Config, checkpoint));
        Assert.Equal("GPTQ2111", exception.Code);
        Assert.Contains("model.decoder.layers.1.fc1.weight is [32, 64], not [64, 32]", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_without_use_are_named_and_known_ones_are_not()
    {
        const string Config = $$"""{ {{Llama}}, "tie_word_embeddings": true }""";
        var checkpoint = new RandomCheckpoint(Config);
        checkpoint.Add("model.layers.0.self_attn.rotary_emb.inv_freq", 4);
        checkpoint.Add("lm_head.weight", 50, 32);
        checkpoint.Add("score.weight", 2, 32);
        var warning = Assert.Single(RandomCheckpoint.Create(Config, checkpoint).Warnings);
        Assert.Equal("GPTQ2112", warning.Code);
        Assert.Contains(": score.weight.", warning.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("opt", "model.decoder.version")]
    [InlineData("gpt2", "transformer.h.0.attn.bias")]
    [InlineData("gpt2", "h.0.attn.masked_bias")]
    [InlineData("gpt_neox", "gpt_neox.layers.0.attention.rotary_emb.inv_freq")]
    [InlineData("gpt_neox", "gpt_neox.layers.0.attention.masked_bias")]
    public void Buffers_of_old_files_are_passed_over(string type, string buffer)
    {
        var config = $$"""{"model_type": "{{type}}", "hidden_size": 32, "n_embd": 32, "num_attention_heads": 4, "n_head": 4, "num_hidden_layers": 1, "n_layer": 1, "vocab_size": 50, "ffn_dim": 64, "intermediate_size": 48}""";
        var checkpoint = new RandomCheckpoint(config);
        checkpoint.Add(buffer, 1);
        Assert.DoesNotContain(RandomCheckpoint.Create(config, checkpoint).Warnings, warning => warning.Code == "GPTQ2112");
    }

    [Theory]
    [InlineData("llama", "model.", false)]
    [InlineData("qwen2", "model.", true)]
    [InlineData("bloom", "transformer.", true)]
    [InlineData("gpt_neox", "gpt_neox.", true)]
    [InlineData("gemma2", "model.", true)]
    public void Names_may_lack_the_base_models_prefix(string type, string prefix, bool tied)
    {
        var config = $$"""{"model_type": "{{type}}", "hidden_size": 32, "num_attention_heads": 4, "n_head": 4, "num_key_value_heads": 4, "num_hidden_layers": 1, "n_layer": 1, "head_dim": 8, "vocab_size": 50, "intermediate_size": 48, "tie_word_embeddings": {{(tied ? "true" : "false")}}}""";
        var whole = RandomCheckpoint.Create(config);
        var bare = RandomCheckpoint.Create(config, new RenamedCheckpoint(new RandomCheckpoint(config), prefix));
        long[] ids = [3, 1, 4, 1, 5];
        using var expected = new DecoderSession(whole);
        using var actual = new DecoderSession(bare);
        Assert.Equal(expected.Run(ids, 1), actual.Run(ids, 1));
    }

    [Fact]
    public void A_missing_config_is_an_error_that_names_the_file()
    {
        var exception = Assert.Throws<GptqException>(() => ModelConfig.Load("/nowhere/config.json"));
        Assert.Equal(("GPTQ2101", "/nowhere/config.json"), (exception.Code, exception.File));
    }

    // The same tensors, each without the prefix.
    private sealed class RenamedCheckpoint(ITensorSource inner, string prefix) : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = inner.Tensors.Values.ToDictionary(
            tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal) ? tensor.Name[prefix.Length..] : tensor.Name);

        public void Read(string name, Span<float> destination) => inner.Read(Tensors[name].Name, destination);

        public void ReadRows(string name, long firstRow, Span<float> destination) => inner.ReadRows(Tensors[name].Name, firstRow, destination);

        public void ReadRaw(string name, long firstElement, Span<byte> destination) => inner.ReadRaw(Tensors[name].Name, firstElement, destination);
    }
}
