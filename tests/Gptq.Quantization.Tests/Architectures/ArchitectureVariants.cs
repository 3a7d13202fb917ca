namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Small models of every family and of its options: model_type, and the rest of config.json.</summary>
internal static class ArchitectureVariants
{
    /// <summary>Sizes of LLaMA and its relatives.</summary>
    public const string Llama = """ "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64 """;

    private const string Opt = """ "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64 """;

    private const string NeoX = """ "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 50, "max_position_embeddings": 64 """;

    private const string Gpt2 = """ "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, "vocab_size": 50 """;

    /// <summary>Those that compute the same token by token as all at once.</summary>
    public static TheoryData<string, string> All() => new()
    {
        { "opt", Opt },
        { "opt", $""" {Opt}, "enable_bias": false, "layer_norm_elementwise_affine": false, "tie_word_embeddings": false, "activation_function": "silu" """ },
        { "opt", $""" {Opt}, "enable_bias": false, "activation_function": "gelu" """ },
        { "opt", $""" {Opt}, "layer_norm_elementwise_affine": false, "do_layer_norm_before": false """ },
        { "opt", $""" {Opt}, "do_layer_norm_before": false, "word_embed_proj_dim": 16 """ },
        { "opt", $""" {Opt}, "word_embed_proj_dim": 48, "tie_word_embeddings": false """ },
        { "opt", $""" {Opt}, "_remove_final_layer_norm": true, "activation_function": "gelu_new" """ },
        { "bloom", """ "hidden_size": 48, "n_layer": 2, "n_head": 6, "vocab_size": 50 """ },
        { "bloom", """ "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50, "layer_norm_epsilon": 0.001, "slow_but_exact": true, "pretraining_tp": 2 """ },
        { "bloom", """ "n_embed": 32, "n_layer": 2, "n_head": 4, "vocab_size": 50, "apply_residual_connection_post_layernorm": true, "tie_word_embeddings": false """ },
        { "gpt2", $""" {Gpt2}, "scale_attn_by_inverse_layer_idx": true """ },
        { "gpt2", $""" {Gpt2}, "scale_attn_weights": false, "tie_word_embeddings": false, "n_inner": 40, "activation_function": "relu" """ },
        { "gpt2", $""" {Gpt2}, "reorder_and_upcast_attn": true, "scale_attn_by_inverse_layer_idx": true, "n_inner": null, "activation_function": "quick_gelu", "layer_norm_epsilon": 0.01 """ },
        { "gpt_neox", NeoX },
        { "gpt_neox", $""" {NeoX}, "use_parallel_residual": false, "attention_bias": false, "rotary_pct": 1.0, "tie_word_embeddings": true """ },
        { "gpt_neox", $$""" {{NeoX}}, "rotary_pct": 0.5, "rotary_emb_base": 500, "hidden_act": "gelu_new", "rope_scaling": {"type": "linear", "factor": 3.0} """ },
        { "gpt_neox", $$""" {{NeoX}}, "hidden_act": "gelu_fast", "rope_parameters": {"rope_type": "default", "rope_theta": 300.0, "partial_rotary_factor": 0.5} """ },
        { "llama", Llama },
        { "llama", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "attention_bias": true """ },
        { "llama", $""" {Llama}, "num_key_value_heads": 1, "head_dim": 10, "mlp_bias": true, "rope_theta": 300.0, "rms_norm_eps": 0.01, "hidden_act": "gelu" """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"type": "dynamic", "factor": 2.0}, "tie_word_embeddings": true """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"type": "linear", "factor": 4} """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16} """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"rope_type": "yarn", "factor": 2.5, "beta_fast": 4, "beta_slow": 0.5, "mscale": 0.7, "mscale_all_dim": 1.3} """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "attention_factor": 1.7, "truncate": false} """ },
        { "llama", $$""" {{Llama}}, "rope_parameters": {"rope_type": "yarn", "rope_theta": 900.0, "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 2, "beta_slow": 1} """ },
        { "llama", $$""" {{Llama}}, "rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16} """ },
        { "llama", $$""" {{Llama}}, "rope_scaling": {"rope_type": "longrope", "factor": 4.0, "short_factor": [1, 1.1, 1.2, 1.3], "long_factor": [1, 2, 3, 4]} """ },
        { "mistral", $""" {Llama}, "num_key_value_heads": 1, "sliding_window": 5 """ },
        { "mistral", $""" {Llama}, "num_key_value_heads": 2, "sliding_window": null, "head_dim": 16 """ },
        { "qwen2", $""" {Llama}, "num_key_value_heads": 2, "use_sliding_window": true, "sliding_window": 4, "max_window_layers": 1 """ },
        { "qwen2", $""" {Llama}, "num_key_value_heads": 2, "use_sliding_window": false, "sliding_window": 4, "max_window_layers": 0, "tie_word_embeddings": true """ },
        { "qwen2", $""" {Llama}, "num_key_value_heads": 4, "use_sliding_window": true, "sliding_window": 3, "max_window_layers": 2, "layer_types": ["full_attention", "sliding_attention"] """ },
        { "qwen3", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "use_sliding_window": true, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"] """ },
        { "qwen3", $$""" {{Llama}}, "num_key_value_heads": 1, "attention_bias": true, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16} """ },
        { "qwen3", $""" {Llama}, "num_key_value_heads": 4, "head_dim": null, "tie_word_embeddings": true """ },
        { "phi3", Llama },
        { "phi3", $""" {Llama}, "num_key_value_heads": 2, "partial_rotary_factor": 0.5, "sliding_window": 6 """ },
        { "phi3", $$""" {{Llama}}, "original_max_position_embeddings": 16, "rope_scaling": {"type": "su", "short_factor": [1, 1.1, 1.2, 1.3], "long_factor": [1, 2, 3, 4]} """ },
        { "phi3", $$""" {{Llama}}, "original_max_position_embeddings": 64, "partial_rotary_factor": 0.75, "rope_scaling": {"type": "longrope", "short_factor": [1, 1.1, 1.2], "long_factor": [1, 2, 3], "attention_factor": 1.4} """ },
        { "gemma", $""" {Llama}, "num_key_value_heads": 1, "head_dim": 16 """ },
        { "gemma", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 8, "attention_bias": true, "tie_word_embeddings": false """ },
        { "gemma2", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "query_pre_attn_scalar": 12, "sliding_window": 4 """ },
        { "gemma2", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 4, "layer_types": ["full_attention", "sliding_attention"], "attention_bias": true, "hidden_activation": "gelu" """ },
        { "gemma2", $""" {Llama}, "num_key_value_heads": 2, "head_dim": 16, "attn_logit_softcapping": null, "final_logit_softcapping": null, "tie_word_embeddings": false """ },
    };

    /// <summary>Those whose frequencies change with the length of the text, which the text of 14 tokens comes past.</summary>
    public static TheoryData<string, string> Lengthening() => new()
    {
        { "llama", $$""" {{Llama}}, "max_position_embeddings": 8, "rope_scaling": {"type": "dynamic", "factor": 2.0} """ },
        { "gpt_neox", $$""" {{NeoX}}, "max_position_embeddings": 6, "rotary_pct": 1.0, "rope_scaling": {"rope_type": "dynamic", "factor": 3.0} """ },
        { "phi3", $$""" {{Llama}}, "original_max_position_embeddings": 9, "rope_scaling": {"type": "longrope", "short_factor": [1, 1.1, 1.2, 1.3], "long_factor": [1, 2, 3, 4]} """ },
    };
}
