using Gptq.Quantization.Architectures.Families;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures;

/// <summary>The architectures by config.json's model_type.</summary>
internal static class ArchitectureRegistry
{
    private static readonly SortedDictionary<string, Func<ModelConfig, ITensorSource, Architecture>> Families = new(StringComparer.Ordinal)
    {
        ["bloom"] = (config, tensors) => new Bloom(config, tensors),
        ["gemma"] = (config, tensors) => new Gemma(config, tensors),
        ["gemma2"] = (config, tensors) => new Gemma2(config, tensors),
        ["gpt2"] = (config, tensors) => new Gpt2(config, tensors),
        ["gpt_neox"] = (config, tensors) => new GptNeoX(config, tensors),
        ["llama"] = (config, tensors) => new Llama(config, tensors),
        ["mistral"] = (config, tensors) => new Mistral(config, tensors),
        ["phi3"] = (config, tensors) => new Phi3(config, tensors),
        ["qwen2"] = (config, tensors) => new Qwen2(config, tensors),
        ["qwen3"] = (config, tensors) => new Qwen3(config, tensors),
        ["opt"] = (config, tensors) => new Opt(config, tensors),
    };

    public static IEnumerable<string> Known => Families.Keys;

    public static Architecture Create(ModelConfig config, ITensorSource tensors)
    {
        if (!Families.TryGetValue(config.ModelType, out var create))
        {
            var what = config.ModelType.Length == 0 ? "config.json names no model_type" : $"The architecture '{config.ModelType}' is not known";
            throw new GptqException(
                "GPTQ2103", $"{what}. Known are {string.Join(", ", Known)}; docs/adding-an-architecture.md says how to add one.", config.File);
        }

        config.Ignore(FieldsWithoutEffect.Names);
        return create(config, tensors);
    }
}
