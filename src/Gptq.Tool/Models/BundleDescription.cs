using System.Text.Json;
using Gptq.Quantization;
using Gptq.Quantization.Bundles;

namespace Gptq.Tool.Models;

/// <summary>What a bundle's quantization.json says.</summary>
/// <param name="Json">The whole file.</param>
/// <param name="Architecture">config.json's model_type.</param>
/// <param name="Operators">The operators of the graph.</param>
/// <param name="Calibration">The name of the calibration text.</param>
/// <param name="Options">The options by name, as text.</param>
/// <param name="Layers">The quantized layers, in order.</param>
/// <param name="Engine">The version of Gptq.Build that made it.</param>
/// <param name="BitsPerWeight">What a weight of the quantized layers takes, scales and zero points included.</param>
internal sealed record BundleDescription(
    JsonElement Json, string Architecture, string Operators, string Calibration, IReadOnlyList<KeyValuePair<string, string>> Options, IReadOnlyList<BundleDescription.Layer> Layers,
    string Engine, double? BitsPerWeight)
{
    /// <summary>A quantized layer.</summary>
    /// <param name="Name">Its name in the checkpoint.</param>
    /// <param name="Rows">Rows of its weight.</param>
    /// <param name="Columns">Columns of its weight.</param>
    /// <param name="Bits">2, 3, 4, 8 or ternary.</param>
    /// <param name="GroupSize">Columns that share a scale; -1 for the whole row.</param>
    /// <param name="Method">gptq, gptaq or rtn; kept for codes that were in the checkpoint.</param>
    /// <param name="Loss">The squared error of its outputs on the calibration text; null where it was not measured.</param>
    /// <param name="LossVersusRtn">That, by the loss of rounding to nearest.</param>
    /// <param name="Refined">What refinement left of the solver's loss; null without refinement.</param>
    /// <param name="RelativeError">The error of its outputs on the calibration text, as a share of them; null where it was not measured.</param>
    /// <param name="DeadColumns">Inputs that were always zero.</param>
    /// <param name="Warnings">What was out of the ordinary.</param>
    public sealed record Layer(
        string Name, int Rows, int Columns, string Bits, int GroupSize, string Method, double? Loss, double? LossVersusRtn, double? Refined, double? RelativeError, int DeadColumns,
        IReadOnlyList<(string Code, string Message)> Warnings)
    {
        /// <summary>Bits and groups as Modules spells them.</summary>
        public string Form => GroupSize == -1 ? Bits : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Bits}g{GroupSize}");

        /// <summary>Bits as a number, for sorting.</summary>
        public int StoredBits => int.TryParse(Bits, out var bits) ? bits : 1;

        public long Weights => (long)Rows * Columns;
    }

    /// <summary>Reads a bundle's file.</summary>
    /// <exception cref="GptqException">GPTQ5002: it is missing or damaged.</exception>
    public static BundleDescription Read(string directory)
    {
        var file = Path.Combine(directory, BundleFiles.Quantization);
        if (!File.Exists(file))
            throw new GptqException("GPTQ5002", $"There is no {BundleFiles.Quantization}: this is no folder that Gptq.Build wrote, or not all of it. Build the model again.", directory);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            return Parse(document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new GptqException("GPTQ5002", $"It does not describe a quantized model: {exception.Message} Build the model again.", file, exception);
        }
    }

    private static BundleDescription Parse(JsonElement json) => new(
        json,
        Text(json, "architecture"),
        Text(json, "operators"),
        Text(json.GetProperty("calibration"), "text"),
        [.. json.GetProperty("options").EnumerateObject().Select(option => KeyValuePair.Create(option.Name, Plain(option.Value)))],
        [.. json.GetProperty("layers").EnumerateArray().Select(ParseLayer)],
        Text(json, "engine"),
        Number(json, "bits_per_weight"));

    private static Layer ParseLayer(JsonElement layer)
    {
        int[] shape = [.. layer.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32())];
        return shape is [var rows, var columns]
            ? new Layer(Text(layer, "name"), rows, columns, Text(layer, "bits"), layer.GetProperty("group_size").GetInt32(), Text(layer, "method"), Number(layer, "loss"), Number(layer, "loss_versus_rtn"), Number(layer, "refined"), Number(layer, "relative_error"),
                (int)(Number(layer, "dead_columns") ?? 0), Warnings(layer))
            : throw new FormatException($"The shape of {Text(layer, "name")} has {shape.Length} extents.");
    }

    private static IReadOnlyList<(string Code, string Message)> Warnings(JsonElement layer) =>
        layer.TryGetProperty("warnings", out var warnings) ? [.. warnings.EnumerateArray().Select(warning => (Text(warning, "code"), Text(warning, "message")))] : [];

    private static string Plain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null.");

    private static double? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetDouble() : null;
}
