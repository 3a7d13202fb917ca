using Gptq.Quantization.Packing.AutoGptq;

namespace Gptq.Quantization.Architectures;

/// <summary>Fields of config.json about training, sampling, storage and bookkeeping: nothing that the forward pass of a finished model depends on.</summary>
internal static class FieldsWithoutEffect
{
    public static readonly string[] Names =
    [
        "_name_or_path", "architectures", "transformers_version", "torch_dtype", "dtype", "use_cache", "return_dict", "output_attentions",
        "output_hidden_states", "attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "embd_pdrop", "resid_pdrop", "dropout",
        "hidden_dropout", "hidden_dropout_prob", "activation_dropout", "resid_dropout", "embd_dropout", "classifier_dropout", "layerdrop",
        "init_std", "initializer_range", "pretraining_tp", "sep_token_id", "decoder_start_token_id", "id2label", "label2id", "num_labels",
        "problem_type", "finetuning_task", "task_specific_params", "prefix", "tokenizer_class", "gradient_checkpointing", "is_decoder",
        "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k",
        "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
        "num_return_sequences", "output_scores", "return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values",
        "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "tf_legacy_loss", "use_bfloat16", "torchscript",
        "chunk_size_feed_forward", "tie_encoder_decoder", "unsloth_version", "unsloth_fixed", "_attn_implementation_autoset", "_attn_implementation",
        "cache_implementation", "auto_map", "unk_token_id", "cls_token_id", "mask_token_id", "model_max_length", "use_return_dict",
        AutoGptqConfig.Section,
    ];
}
