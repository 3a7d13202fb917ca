using System.Globalization;
using System.Text;
using Gptq.Benchmarks;
using Gptq.Quantization.Architectures;

namespace Gptq.GpuCheck;

/// <summary>An OPT model of some size, with random weights.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Hidden">Width of the hidden state.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Blocks">Blocks of the whole model.</param>
/// <param name="Minutes">What the whole model may take.</param>
internal sealed record OptShape(string Name, int Hidden, int Heads, int Blocks, double Minutes)
{
    public static OptShape Opt13B { get; } = new("OPT-13B", 5120, 40, 40, 6);

    public static OptShape Opt175B { get; } = new("OPT-175B", 12288, 96, 96, 60);

    public static OptShape Tiny { get; } = new("tiny", 64, 4, 2, 1);

    /// <summary>Tokens that the random model knows.</summary>
    public const int Vocabulary = 512;

    /// <summary>The model with one block.</summary>
    public Architecture CreateBlock(int positions)
    {
        var config = ModelConfig.Parse(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
            { "model_type": "opt", "hidden_size": {{Hidden}}, "ffn_dim": {{4 * Hidden}}, "num_attention_heads": {{Heads}},
              "num_hidden_layers": 1, "vocab_size": {{Vocabulary}}, "word_embed_proj_dim": {{Hidden}}, "max_position_embeddings": {{positions}} }
            """)));
        return Architecture.Create(config, new RandomTensors(Architecture.RequiredTensors(config)));
    }
}
