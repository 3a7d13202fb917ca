using Gptq.Quantization.Calibration;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Small models of every family and of its options: the decoder with a cache, the decoder without one, and the parts must agree.</summary>
public sealed class ArchitectureVariantsTests
{
    private const string Llama = """ "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64 """;

    public static TheoryData<string, string> Variants() => new()
    {
        { "opt", """ "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64 """ },
        { "opt", """ "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64, "enable_bias": false, "layer_norm_elementwise_affine": false, "tie_word_embeddings": false, "activation_function": "silu" """ },
        { "opt", """ "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64, "do_layer_norm_before": false, "word_embed_proj_dim": 16 """ },
        { "opt", """ "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64, "_remove_final_layer_norm": true """ },
        { "bloom", """ "hidden_size": 48, "n_layer": 2, "n_head": 6, "vocab_size": 50 """ },
        { "bloom", """ "n_embed": 32, "n_layer": 2, "n_head": 4, "vocab_size": 50, "apply_residual_connection_post_layernorm": true, "tie_word_embeddings": false """ },
        { "gpt2", """ "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, "vocab_size": 50, "scale_attn_by_inverse_layer_idx": true """ },
        { "gpt2", """ "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "vocab_size": 50, "scale_attn_weights": false, "tie_word_embeddings": false, "n_inner": 40, "activation_function": "relu" """ },
        { "gpt_neox", """ "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 50, "max_position_embeddings": 64 """ },
        { "gpt_neox", """ "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 50, "max_position_embeddings": 64, "use_parallel_residual": false, "attention_bias": false, "rotary_pct": 1.0, "tie_word_embeddings": true """ },
        { "llama", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "attention_bias": true """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"type": "dynamic", "factor": 2.0}, "tie_word_embeddings": true """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16} """ },
        { "llama", $$""" {{Llama}}, "rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16} """ },
        { "mistral", $""" {Llama}, "num_key_value_heads": 1, "sliding_window": 5 """ },
        { "mistral", $""" {Llama}, "num_key_value_heads": 2, "sliding_window": null """ },
        { "qwen2", $""" {Llama}, "num_key_value_heads": 2, "use_sliding_window": true, "sliding_window": 4, "max_window_layers": 1 """ },
        { "qwen3", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "use_sliding_window": true, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"] """ },
        { "phi3", $""" {Llama}, "num_key_value_heads": 2, "partial_rotary_factor": 0.5, "sliding_window": 6 """ },
        { "phi3", $$""" {{Llama}}, "original_max_position_embeddings": 16, "rope_scaling": {"type": "su", "short_factor": [1, 1.1, 1.2, 1.3], "long_factor": [1, 2, 3, 4]} """ },
        { "gemma", $""" {Llama}, "num_key_value_heads": 1, "head_dim": 16 """ },
        { "gemma2", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "query_pre_attn_scalar": 12, "sliding_window": 4 """ },
        { "gemma2", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "attn_logit_softcapping": null, "final_logit_softcapping": null, "tie_word_embeddings": false """ },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Cached_and_uncached_decoding_and_the_parts_agree(string type, string options) => Agree(type, options, portable: false);

    [Theory]
    [MemberData(nameof(Variants))]
    public void And_so_they_do_in_standard_operators(string type, string options) => Agree(type, options, portable: true);

    private static void Agree(string type, string options, bool portable)
    {
        var architecture = RandomCheckpoint.Create($$"""{"model_type": "{{type}}", {{options}} }""");
        Assert.Empty(architecture.Warnings);
        const int Length = 14;
        long[] ids = [.. Enumerable.Range(0, 2 * Length).Select(index => (long)(index * 7 % 50))];
        using var decoder = new DecoderSession(architecture, portable: portable);
        var full = decoder.Run(ids, 2);
        var tolerance = 1e-4 * Difference.Spread(full);

        var (_, logits) = ModelParts.Run(architecture, new TokenBatch(2, Length), ids);
        Assert.InRange(Difference.Max(logits, full), 0, tolerance);

        decoder.Reset();
        var first = full[..(Length * architecture.VocabularySize)];
        var stepwise = decoder.Run(ids[..4], 1).Concat(decoder.Run(ids[4..7], 1)).Concat(ids[7..Length].SelectMany(id => decoder.Run([id], 1))).ToArray();
        Assert.InRange(Difference.Max(stepwise, first), 0, tolerance);

        // Several tokens at once behind others, in both rows.
        if (portable)
        {
            decoder.Reset();
            const int Cut = 6;
            decoder.Run([.. ids[..Cut], .. ids[Length..(Length + Cut)]], 2);
            var rest = decoder.Run([.. ids[Cut..Length], .. ids[(Length + Cut)..]], 2);
            var (cut, whole) = (Cut * architecture.VocabularySize, Length * architecture.VocabularySize);
            Assert.InRange(Difference.Max(rest.AsSpan(0, whole - cut), full.AsSpan(cut, whole - cut)), 0, tolerance);
            Assert.InRange(Difference.Max(rest.AsSpan(whole - cut), full.AsSpan(whole + cut)), 0, tolerance);
        }

        // Different lengths side by side: the shorter text is padded on the left.
        decoder.Reset();
        long[] padded = [.. Enumerable.Repeat(1L, 3), .. ids[..(Length - 3)], .. ids[Length..]];
        var batch = new TokenBatch(2, Length) { AttentionMask = [.. Enumerable.Range(0, 2 * Length).Select(index => index < 3 ? 0L : 1L)] };
        var sideBySide = decoder.Run(padded, 2, batch.AttentionMask, batch.Positions());
        var vocabulary = architecture.VocabularySize;
        var (shorter, longer) = ((Length - 3) * vocabulary, Length * vocabulary);
        Assert.InRange(Difference.Max(sideBySide.AsSpan(3 * vocabulary, shorter), full.AsSpan(0, shorter)), 0, tolerance);
        Assert.InRange(Difference.Max(sideBySide.AsSpan(longer), full.AsSpan(longer)), 0, tolerance);
    }

    [Fact]
    public void A_window_of_n_sees_n_tokens_itself_included()
    {
        const string Config = $$"""{"model_type": "mistral", {{Llama}}, "num_hidden_layers": 1, "num_key_value_heads": 2, "sliding_window": 3}""";
        var architecture = RandomCheckpoint.Create(Config);
        using var decoder = new DecoderSession(architecture);
        var before = decoder.Run([5, 6, 7, 8, 9], 1);
        decoder.Reset();
        var after = decoder.Run([5, 30, 7, 8, 9], 1);
        float[] Token(float[] logits, int token) => logits[(token * 50)..((token + 1) * 50)];

        Assert.Equal(Token(before, 0), Token(after, 0));
        Assert.NotEqual(Token(before, 3), Token(after, 3));
        Assert.Equal(Token(before, 4), Token(after, 4));
    }
}
