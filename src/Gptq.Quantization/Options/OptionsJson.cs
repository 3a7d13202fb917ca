using System.Text.Json.Nodes;

namespace Gptq.Quantization.Options;

/// <summary>Options as quantization.json shows them and as the cache's key holds them: every option that decides the result's bytes.</summary>
internal static class OptionsJson
{
    public static JsonObject Of(QuantizationOptions options) => new()
    {
        ["bits"] = OptionValues.Format(options.Bits),
        ["group_size"] = options.GroupSize,
        ["symmetric"] = options.Symmetric,
        ["act_order"] = OptionValues.Format(options.ActOrder),
        ["mse_search"] = options.MseSearch,
        ["true_sequential"] = options.TrueSequential,
        ["damp"] = options.Damp,
        ["method"] = OptionValues.Format(options.Method),
        ["calibration_samples"] = options.CalibrationSamples,
        ["sequence_length"] = options.SequenceLength,
        ["seed"] = options.Seed,
        ["modules"] = options.Modules.ToString(),
        ["target_bits_per_weight"] = options.TargetBitsPerWeight,
        ["operators"] = OptionValues.Format(options.Operators),
        ["formats"] = OptionValues.Format(options.Formats),
    };
}
