using System.Globalization;
using System.Numerics;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Options;

/// <summary>The spelling of option values, the same in a project file, on the command line and in quantization.json.</summary>
public static class OptionValues
{
    private static readonly (string Name, ModelFormats Format)[] s_formats = [("onnx", ModelFormats.Onnx), ("gptq", ModelFormats.Gptq), ("gptq_v2", ModelFormats.GptqV2)];

    /// <summary>Reads 2, 3, 4, 8 or ternary; null for anything else.</summary>
    public static BitWidth? TryParseBits(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "2" => BitWidth.Two,
        "3" => BitWidth.Three,
        "4" => BitWidth.Four,
        "8" => BitWidth.Eight,
        "TERNARY" => BitWidth.Ternary,
        _ => null,
    };

    /// <summary>The spelling that <see cref="TryParseBits"/> reads.</summary>
    public static string Format(BitWidth bits) => bits == BitWidth.Ternary ? "ternary" : ((int)bits).ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads none, static, group-aware or dynamic; null for anything else.</summary>
    public static ActOrder? TryParseActOrder(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "NONE" => ActOrder.None,
        "STATIC" => ActOrder.Static,
        "GROUP-AWARE" => ActOrder.GroupAware,
        "DYNAMIC" => ActOrder.Dynamic,
        _ => null,
    };

    /// <summary>The spelling that <see cref="TryParseActOrder"/> reads.</summary>
    public static string Format(ActOrder order) => order switch
    {
        ActOrder.None => "none",
        ActOrder.Static => "static",
        ActOrder.GroupAware => "group-aware",
        _ => "dynamic",
    };

    /// <summary>Reads gptq, gptaq or rtn; null for anything else.</summary>
    public static SolverMethod? TryParseMethod(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "GPTQ" => SolverMethod.Gptq,
        "GPTAQ" => SolverMethod.Gptaq,
        "RTN" => SolverMethod.Rtn,
        _ => null,
    };

    /// <summary>The spelling that <see cref="TryParseMethod"/> reads.</summary>
    public static string Format(SolverMethod method) => method switch
    {
        SolverMethod.Gptq => "gptq",
        SolverMethod.Gptaq => "gptaq",
        _ => "rtn",
    };

    /// <summary>Reads auto, cpu or cuda; null for anything else.</summary>
    public static DeviceChoice? TryParseDevice(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "AUTO" => DeviceChoice.Auto,
        "CPU" => DeviceChoice.Cpu,
        "CUDA" => DeviceChoice.Cuda,
        _ => null,
    };

    /// <summary>The spelling that <see cref="TryParseDevice"/> reads.</summary>
    public static string Format(DeviceChoice device) => device switch
    {
        DeviceChoice.Cpu => "cpu",
        DeviceChoice.Cuda => "cuda",
        _ => "auto",
    };

    /// <summary>Reads auto, onnxruntime, onnxruntime-fp16, gptq or portable; null for anything else.</summary>
    public static OperatorSet? TryParseOperators(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "AUTO" => OperatorSet.Auto,
        "ONNXRUNTIME" => OperatorSet.OnnxRuntime,
        "ONNXRUNTIME-FP16" => OperatorSet.OnnxRuntimeHalf,
        "GPTQ" => OperatorSet.Gptq,
        "PORTABLE" => OperatorSet.Portable,
        _ => null,
    };

    /// <summary>The spelling that <see cref="TryParseOperators"/> reads.</summary>
    public static string Format(OperatorSet operators) => operators switch
    {
        OperatorSet.Auto => "auto",
        OperatorSet.OnnxRuntime => "onnxruntime",
        OperatorSet.OnnxRuntimeHalf => "onnxruntime-fp16",
        OperatorSet.Gptq => "gptq",
        _ => "portable",
    };

    /// <summary>Reads onnx, gptq or gptq_v2, or onnx and one of the others with a semicolon between; null for anything else.</summary>
    public static ModelFormats? TryParseFormats(string? text)
    {
        var formats = ModelFormats.None;
        foreach (var name in (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var format = s_formats.FirstOrDefault(known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Format;
            if (format == ModelFormats.None) return null;
            formats |= format;
        }
        // Two checkpoints of one folder would have the same file names.
        return formats == ModelFormats.None || formats.HasFlag(ModelFormats.Gptq | ModelFormats.GptqV2) ? null : formats;
    }

    /// <summary>The spelling that <see cref="TryParseFormats"/> reads.</summary>
    public static string Format(ModelFormats formats) => string.Join(';', s_formats.Where(known => formats.HasFlag(known.Format)).Select(known => known.Name));

    /// <summary>Whether a group size is one: -1 for a whole row, or a power of two from 16 to 1024.</summary>
    public static bool IsGroupSize(int size) => size == -1 || (size is >= 16 and <= 1024 && BitOperations.IsPow2(size));
}
