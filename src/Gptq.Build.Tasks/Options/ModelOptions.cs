using System.Globalization;

namespace Gptq.Build.Tasks;

/// <summary>
/// Every metadata that the engine takes, in the order in which it is passed. What a project does not set is not passed: the defaults are the
/// engine's. Values are checked here so that a typing mistake costs no start of the engine and is reported at the item.
/// </summary>
internal static class ModelOptions
{
    public static IReadOnlyList<ModelOption> All { get; } =
    [
        new("Revision", Text),
        new("Bits", OneOf("GPTQ1001", "Bits", "2", "3", "4", "8", "ternary")),
        new("GroupSize", GroupSizeText.Normalize),
        new("Symmetric", Boolean("Symmetric")),
        new("ActOrder", OneOf("GPTQ1006", "ActOrder", "none", "static", "group-aware", "dynamic")),
        new("MseSearch", Boolean("MseSearch")),
        new("TrueSequential", Boolean("TrueSequential")),
        new("Damp", Number("Damp", 0, 1)),
        new("Method", OneOf("GPTQ1006", "Method", "gptq", "gptaq", "rtn")),
        new("CalibrationData", CalibrationData),
        new("CalibrationSamples", Integer("CalibrationSamples", 1)),
        new("SequenceLength", Integer("SequenceLength", 2)),
        new("Seed", Integer("Seed", 0)),
        new("Modules", (value, _) => ModuleRulesText.Normalize(value)),
        new("TargetBitsPerWeight", Number("TargetBitsPerWeight", 1, 16)),
        new("Device", OneOf("GPTQ1006", "Device", "auto", "cpu", "cuda")),
        new("Operators", OneOf("GPTQ1006", "Operators", "auto", "onnxruntime", "onnxruntime-fp16", "gptq", "portable")),
        new("Formats", Formats),
        new("EvaluationData", (value, context) => ExistingPath("EvaluationData", value, context)),
        new("MaxPerplexityIncrease", Number("MaxPerplexityIncrease", 0, double.MaxValue)),
        new("MaxKlDivergence", Number("MaxKlDivergence", 0, double.MaxValue)),
    ];

    /// <summary>Metadata that the build itself uses and the engine does not see.</summary>
    public static IReadOnlyList<string> BuildMetadata { get; } = ["ModelName", "TargetPath"];

    private static string Text(string value, ProjectContext context) => value;

    private static Func<string, ProjectContext, string> OneOf(string code, string name, params string[] values) => (value, _) =>
        values.FirstOrDefault(known => string.Equals(known, value, StringComparison.OrdinalIgnoreCase))
        ?? throw new MetadataException(code, $"{name} is '{value}'; it can be {Alternatives(values)}.");

    private static Func<string, ProjectContext, string> Boolean(string name) => (value, _) => value.ToLowerInvariant() switch
    {
        "true" or "false" => value.ToLowerInvariant(),
        _ => throw new MetadataException("GPTQ1003", $"{name} is '{value}'; it can be true or false."),
    };

    private static Func<string, ProjectContext, string> Integer(string name, int least) => (value, _) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number.ToString(CultureInfo.InvariantCulture)
            : throw new MetadataException("GPTQ1004", $"{name} is '{value}'; it is an integer of at least {least}.");

    private static Func<string, ProjectContext, string> Number(string name, double above, double most) => (value, _) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > above && number <= most
            ? number.ToString("R", CultureInfo.InvariantCulture)
            : throw new MetadataException("GPTQ1005", string.Format(CultureInfo.InvariantCulture,
                most == double.MaxValue ? "{0} is '{1}'; it is a number above {2}, with a point as decimal separator."
                    : "{0} is '{1}'; it is a number above {2} and up to {3}, with a point as decimal separator.", name, value, above, most));

    private static string Formats(string value, ProjectContext context)
    {
        string[] known = ["onnx", "gptq", "gptq_v2"];
        var formats = value.Split([';', ','], StringSplitOptions.RemoveEmptyEntries).Select(format => format.Trim().ToLowerInvariant())
            .Where(format => format.Length > 0).Distinct().ToArray();
        var wrong = formats.FirstOrDefault(format => !known.Contains(format));
        if (wrong is not null) throw new MetadataException("GPTQ1006", $"Formats has '{wrong}'; it can be {Alternatives(known)}, or onnx and one of the others with a semicolon between.");
        if (formats.Contains("gptq") && formats.Contains("gptq_v2"))
            throw new MetadataException("GPTQ1006", "Formats has gptq and gptq_v2, which would be the same files. Leave one of them out.");
        return string.Join(";", known.Where(formats.Contains));
    }

    private static string CalibrationData(string value, ProjectContext context) =>
        string.Equals(value, "self", StringComparison.OrdinalIgnoreCase) ? "self" : ExistingPath("CalibrationData", value, context);

    private static string ExistingPath(string name, string value, ProjectContext context)
    {
        var path = context.FullPath(value);
        if (File.Exists(path) || Directory.Exists(path)) return path;
        throw new MetadataException("GPTQ1011", $"{name} is '{value}', but there is no such file or folder: {path}. Paths are relative to the project.");
    }

    private static string Alternatives(string[] values) => string.Join(", ", values.Take(values.Length - 1)) + " or " + values[values.Length - 1];
}
