using System.Text.Json;

namespace Gptq.Quantization.Tests.Architectures.Plain;

/// <summary>config.json as a plain reader sees it: a field, or what the family takes where it is missing.</summary>
internal sealed class PlainConfig(JsonElement root)
{
    public string Type => Text("model_type", "");

    public PlainConfig? Section(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? new PlainConfig(value) : null;

    /// <summary>Whether a field is there and null.</summary>
    public bool IsNull(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null;

    public int Int(string name, int missing) => OptionalInt(name) ?? missing;

    public int? OptionalInt(string name) => Find(name)?.GetInt32();

    public double Number(string name, double missing) => OptionalNumber(name) ?? missing;

    public double? OptionalNumber(string name) => Find(name)?.GetDouble();

    public bool Flag(string name, bool missing) => Find(name)?.GetBoolean() ?? missing;

    public string Text(string name, string missing) => Find(name)?.GetString() ?? missing;

    public double[]? Numbers(string name) => Find(name) is { } value ? [.. value.EnumerateArray().Select(item => item.GetDouble())] : null;

    public string[]? Texts(string name) => Find(name) is { } value ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : null;

    private JsonElement? Find(string name) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
