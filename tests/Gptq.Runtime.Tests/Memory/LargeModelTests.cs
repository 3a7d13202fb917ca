using System.Globalization;
using System.Text;
using Gptq.Quantization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Packing.GptqOperators;
using Gptq.Quantization.Solver;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.Memory;

/// <summary>A model of 250 MB of packed weights: its weights stay in the mapped file.</summary>
[Collection(nameof(Alone))]
public sealed class LargeModelTests : IDisposable
{
    private const int Hidden = 2048, Layers = 5, FeedForward = 5632, Vocabulary = 8192, Heads = 16, KeyValueHeads = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-large-").FullName;

    public LargeModelTests() => Write(_folder);

    [Fact]
    public void Private_memory_is_a_tenth_of_the_weights_the_cache_and_100_MB()
    {
        var weights = new FileInfo(Path.Combine(_folder, "model.onnx.data")).Length;
        Assert.InRange(weights, 200L << 20, 400L << 20);
        var before = ProcessCounters.PrivateBytes();
        using var model = QuantizedModel.Open(_folder, new QuantizedModelOptions { Threads = 2 });
        int[] prompt = [.. Enumerable.Range(1, 300)];
        var options = new GenerationOptions { MaxNewTokens = 10, IgnoreEnd = true };

        Assert.Equal(10, model.GenerateIds(prompt, options).Count());

        const long Cache = 512L * Layers * 2 * KeyValueHeads * (Hidden / Heads) * sizeof(float);
        var used = ProcessCounters.PrivateBytes() - before;
        TestContext.Current.TestOutputHelper!.WriteLine($"{weights >> 20} MiB of weights, {used >> 20} MiB of private memory");
        Assert.InRange(used, 0, (weights / 10) + Cache + (100L << 20));
    }

    [Fact]
    public void A_second_model_of_the_same_folder_needs_little_more()
    {
        using var first = QuantizedModel.Open(_folder);
        var before = ProcessCounters.PrivateBytes();
        using var second = QuantizedModel.Open(_folder);
        Assert.InRange(ProcessCounters.PrivateBytes() - before, 0, 32L << 20);
    }

    [Fact]
    public void Opening_reads_no_weights()
    {
        var weights = new FileInfo(Path.Combine(_folder, "model.onnx.data")).Length;
        using (QuantizedModel.Open(_folder))
        {
            // Once for what is loaded with the first model of a process.
        }

        var before = ProcessCounters.ReadBytes();
        using var model = QuantizedModel.Open(_folder);
        Assert.InRange(ProcessCounters.ReadBytes() - before, 0, weights / 50);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Write(string folder)
    {
        var config = ModelConfig.Parse(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
            { "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": {{Hidden}}, "intermediate_size": {{FeedForward}},
              "num_hidden_layers": {{Layers}}, "num_attention_heads": {{Heads}}, "num_key_value_heads": {{KeyValueHeads}}, "vocab_size": {{Vocabulary}},
              "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": false }
            """)));
        var emitter = new GptqEmitter(linear => Random(linear.OutFeatures, linear.InFeatures), table => Random(table.Rows, table.Columns));
        DecoderGraph.Write(Architecture.Create(config, new NormsOfOne(Architecture.RequiredTensors(config))), folder, emitter, emitter);
        foreach (var name in new[] { "vocab.json", "merges.txt", "tokenizer_config.json" }) File.Copy(Path.Combine(TestPaths.BardOpt, name), Path.Combine(folder, name));
        File.WriteAllText(Path.Combine(folder, "genai_config.json"), string.Create(CultureInfo.InvariantCulture, $$"""
            { "model": { "type": "decoder", "vocab_size": {{Vocabulary}}, "context_length": 512, "eos_token_id": 2,
              "decoder": { "filename": "model.onnx", "head_size": {{Hidden / Heads}}, "num_attention_heads": {{Heads}}, "num_hidden_layers": {{Layers}},
                "num_key_value_heads": {{KeyValueHeads}} } } }
            """));
    }

    private static QuantizedLinear Random(int rows, int columns)
    {
        const int Group = 128;
        var random = new Random(rows);
        var codes = new byte[rows * columns];
        random.NextBytes(codes);
        return new QuantizedLinear(
            rows, columns, BitWidth.Eight, Group, codes, [.. Enumerable.Repeat(1e-3f, rows * columns / Group)], [.. Enumerable.Repeat(128f, rows * columns / Group)]);
    }
}
