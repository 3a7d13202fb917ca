using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>How a checkpoint in AutoGPTQ's layout was quantized: quantize_config.json, or quantization_config in config.json.</summary>
/// <param name="Bits">Levels: 2, 3, 4 or 8 bits.</param>
/// <param name="GroupSize">Columns that share a scale; -1 for whole rows.</param>
/// <param name="Symmetric">Whether zero points are all in the middle.</param>
/// <param name="DescAct">Whether g_idx is out of order (dynamic act-order).</param>
/// <param name="Version">How zero points are stored.</param>
public sealed record AutoGptqConfig(BitWidth Bits, int GroupSize, bool Symmetric, bool DescAct, AutoGptqVersion Version)
{
    /// <summary>The file of its own that older tools read.</summary>
    public const string FileName = "quantize_config.json";

    /// <summary>Its place in config.json.</summary>
    public const string Section = "quantization_config";

    private const int MaxLength = 64 << 20;

    /// <summary>The damping of the Hessian's diagonal, a fraction of its mean; for the record.</summary>
    public double Damp { get; init; } = 0.01;

    /// <summary>Whether group grids were computed before any column was quantized; for the record.</summary>
    public bool StaticGroups { get; init; }

    /// <summary>Whether later layers of a block saw the earlier ones quantized; for the record.</summary>
    public bool TrueSequential { get; init; } = true;

    /// <summary>Modules that differ (GPTQModel's field <c>dynamic</c>).</summary>
    public IReadOnlyList<AutoGptqModuleRule> Dynamic { get; init; } = [];

    /// <summary>Whether the head is quantized too (GPTQModel's field <c>lm_head</c>).</summary>
    public bool QuantizesHead { get; init; }

    /// <summary>How one module was quantized; null when it was not.</summary>
    /// <param name="module">Its name, without ".weight".</param>
    public AutoGptqConfig? For(string module)
    {
        var rule = Dynamic.FirstOrDefault(rule => rule.Matches(module));
        return rule is null ? this : rule.Skip ? null : this with { Bits = rule.Bits ?? Bits, GroupSize = rule.GroupSize ?? GroupSize };
    }

    /// <summary>Columns that share a scale in a linear of so many.</summary>
    public int ColumnsPerGroup(int inFeatures) => GroupSize == -1 ? inFeatures : Math.Min(GroupSize, inFeatures);

    /// <summary>Reads how a checkpoint was quantized.</summary>
    /// <param name="directory">The checkpoint's folder.</param>
    /// <returns>Null when it is not quantized.</returns>
    /// <exception cref="GptqException">GPTQ2220: quantized in a way that is not known here. GPTQ2207: a file cannot be read.</exception>
    public static AutoGptqConfig? Load(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        var main = Path.Combine(directory, "config.json");
        if (ReadObject(main)?[Section] is JsonObject section)
        {
            return Parse(section, main);
        }

        var own = Path.Combine(directory, FileName);
        return ReadObject(own) is { } root ? Parse(root, own) : null;
    }

    /// <summary>The JSON of both places.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["quant_method"] = "gptq",
            ["bits"] = (int)Bits,
            ["group_size"] = GroupSize,
            ["damp_percent"] = Damp,
            ["desc_act"] = DescAct,
            ["static_groups"] = StaticGroups,
            ["sym"] = Symmetric,
            ["true_sequential"] = TrueSequential,
            ["model_name_or_path"] = null,
            ["model_file_base_name"] = "model",
            ["checkpoint_format"] = Version == AutoGptqVersion.V2 ? "gptq_v2" : "gptq",
        };
        if (QuantizesHead) json["lm_head"] = true;
        if (Dynamic.Count > 0) json["dynamic"] = AutoGptqModuleRule.ToJson(Dynamic);
        return json;
    }

    private static AutoGptqConfig Parse(JsonObject json, string file)
    {
        try
        {
            var method = (string?)json["quant_method"] ?? "gptq";
            var format = (string?)json["checkpoint_format"] ?? "gptq";
            if (method != "gptq" || format is not ("gptq" or "gptq_v2") || (bool?)json["is_marlin_format"] == true)
            {
                throw Unknown(file, $"quant_method '{method}', checkpoint_format '{format}'");
            }

            var bits = (int?)json["bits"] ?? throw Unknown(file, "no number of bits");
            var group = (int?)json["group_size"] ?? -1;
            return bits is 2 or 3 or 4 or 8 && group is -1 or > 0
                ? new AutoGptqConfig(
                    (BitWidth)bits, group, (bool?)json["sym"] ?? true, (bool?)json["desc_act"] ?? false, format == "gptq" ? AutoGptqVersion.V1 : AutoGptqVersion.V2)
                {
                    Dynamic = AutoGptqModuleRule.Parse(json["dynamic"] as JsonObject),
                    QuantizesHead = (bool?)json["lm_head"] ?? false,
                }
                : throw Unknown(file, $"bits {bits}, group_size {group}");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException or NotSupportedException)
        {
            throw Unknown(file, e.Message, e);
        }
    }

    private static JsonObject? ReadObject(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var json = stream.Length <= MaxLength ? JsonNode.Parse(stream) as JsonObject : throw Unknown(path, $"a file of {stream.Length} bytes");

            // Names that stand there twice, or are no text, are noticed when the first one is asked for.
            _ = json?.Count;
            return json;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Checkpoints.CheckpointErrors.Unreadable(path, e);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw Unknown(path, e.Message, e);
        }
    }

    private static GptqException Unknown(string file, string what, Exception? inner = null)
        => new(
            "GPTQ2220",
            $"{file} says that the checkpoint is quantized in a way that is not read here: {what}. Read are GPTQ checkpoints of 2, 3, 4 and 8 bits, "
                + "checkpoint_format gptq and gptq_v2; else use the original float checkpoint.",
            file,
            inner);
}
