using System.Globalization;
using System.Text;
using Gptq.Quantization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Packing.GptqOperators;
using Gptq.Quantization.Solver;
using Gptq.Runtime.Configuration;

namespace Gptq.Benchmarks;

/// <summary>A decoder with the shape of a LLaMA of 1.1 billion weights, made of random numbers: as fast as a trained one.</summary>
/// <param name="layers">Blocks; 22 make the 1.1 billion.</param>
internal sealed class RandomLlama(int layers)
{
    private const int Hidden = 2048, Heads = 32, KeyValueHeads = 4, FeedForward = 5632, Vocabulary = 32000, Context = 2048, Group = 128;

    /// <summary>What the runtime needs to know.</summary>
    public GenaiConfig Config { get; } = new()
    {
        ModelFile = DecoderGraph.ModelFileName,
        ContextLength = Context,
        LayerCount = layers,
        KeyValueHeads = KeyValueHeads,
        HeadSize = Hidden / Heads,
        VocabularySize = Vocabulary,
    };

    /// <summary>The same as a genai_config.json.</summary>
    public static string GenaiConfigJson(int layers) => string.Create(CultureInfo.InvariantCulture, $$"""
        { "model": { "type": "decoder", "vocab_size": {{Vocabulary}}, "context_length": {{Context}}, "eos_token_id": 2,
          "decoder": { "filename": "{{DecoderGraph.ModelFileName}}", "head_size": {{Hidden / Heads}}, "num_attention_heads": {{Heads}},
            "num_hidden_layers": {{layers}}, "num_key_value_heads": {{KeyValueHeads}} } } }
        """);

    /// <summary>Writes the model into a folder, every linear and the table of tokens with gptq operators, or all of it in float32.</summary>
    public void Write(string folder, BitWidth? bits)
    {
        var json = string.Create(CultureInfo.InvariantCulture, $$"""
            { "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": {{Hidden}}, "intermediate_size": {{FeedForward}},
              "num_hidden_layers": {{layers}}, "num_attention_heads": {{Heads}}, "num_key_value_heads": {{KeyValueHeads}}, "vocab_size": {{Vocabulary}},
              "max_position_embeddings": {{Context}}, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": false }
            """);
        var config = ModelConfig.Parse(Encoding.UTF8.GetBytes(json));
        var architecture = Architecture.Create(config, new RandomTensors(Architecture.RequiredTensors(config)));
        if (bits is null)
        {
            DecoderGraph.Write(architecture, folder);
            return;
        }

        var random = new Random(1);
        var emitter = new GptqEmitter(
            linear => Codes(random, bits.Value, linear.OutFeatures, linear.InFeatures), table => Codes(random, bits.Value, table.Rows, table.Columns));
        DecoderGraph.Write(architecture, folder, emitter, emitter);
    }

    private static QuantizedLinear Codes(Random random, BitWidth bits, int rows, int columns)
    {
        var codes = new byte[rows * columns];
        random.NextBytes(codes);
        var mask = (byte)((1 << (int)bits) - 1);
        foreach (ref var code in codes.AsSpan())
            code &= mask;
        var scales = new float[rows * (columns / Group)];
        var zeros = new float[scales.Length];
        for (var i = 0; i < scales.Length; i++)
            (scales[i], zeros[i]) = ((float)(Half)(0.1f / mask), random.Next(mask));
        return new QuantizedLinear(rows, columns, bits, Group, codes, scales, zeros);
    }
}
