using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>An entry of the field <c>dynamic</c>, by which GPTQModel's checkpoints differ in single modules; the first that matches counts.</summary>
/// <param name="Pattern">A regular expression that matches from the start of a module's name.</param>
/// <param name="Skip">Whether the module is not quantized ("-:" before the pattern; "+:" or nothing says the opposite).</param>
/// <param name="Bits">Levels; null for those of the whole.</param>
/// <param name="GroupSize">Columns that share a scale, -1 for whole rows; null for that of the whole.</param>
public sealed record AutoGptqModuleRule(string Pattern, bool Skip, BitWidth? Bits, int? GroupSize)
{
    private const string SkipMark = "-:";
    private const string QuantizeMark = "+:";

    // Linear in the name's length, whatever the pattern is.
    private readonly Regex _expression = new($@"\A(?:{Pattern})", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>The rule for exactly one module.</summary>
    public static AutoGptqModuleRule For(string module, bool skip, BitWidth? bits = null, int? groupSize = null) =>
        new($"^{Regex.Escape(module)}$", skip, bits, groupSize);

    /// <summary>Whether the rule speaks of a module.</summary>
    public bool Matches(string module) => _expression.IsMatch(module);

    /// <summary>Reads the field.</summary>
    /// <exception cref="ArgumentException">A pattern is no regular expression that can be matched in linear time.</exception>
    /// <exception cref="InvalidOperationException">A value is of another kind.</exception>
    internal static IReadOnlyList<AutoGptqModuleRule> Parse(JsonObject? json) => [.. (json ?? []).Select(entry => Parse(entry.Key, entry.Value))];

    /// <summary>The field for rules.</summary>
    internal static JsonObject ToJson(IEnumerable<AutoGptqModuleRule> rules)
    {
        var json = new JsonObject();
        foreach (var rule in rules)
        {
            var values = new JsonObject();
            if (rule.Bits is { } bits) values["bits"] = (int)bits;
            if (rule.GroupSize is { } size) values["group_size"] = size;
            json[(rule.Skip ? SkipMark : QuantizeMark) + rule.Pattern] = values;
        }
        return json;
    }

    private static AutoGptqModuleRule Parse(string key, JsonNode? value)
    {
        var skip = key.StartsWith(SkipMark, StringComparison.Ordinal);
        var pattern = skip || key.StartsWith(QuantizeMark, StringComparison.Ordinal) ? key[SkipMark.Length..] : key;
        if (skip) return new(pattern, Skip: true, null, null);
        var (bits, size) = ((int?)value?["bits"], (int?)value?["group_size"]);
        return bits is null or 2 or 3 or 4 or 8 && size is null or -1 or > 0
            ? new(pattern, Skip: false, (BitWidth?)bits, size)
            : throw new FormatException($"bits {bits}, group_size {size} for '{pattern}'");
    }
}
