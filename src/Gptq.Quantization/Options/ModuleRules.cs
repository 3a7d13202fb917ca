using System.Globalization;

namespace Gptq.Quantization.Options;

/// <summary>The Modules metadata: overrides in order, of which the first match wins.</summary>
/// <param name="Rules">In the order given.</param>
public sealed record ModuleRules(IReadOnlyList<ModuleRule> Rules)
{
    /// <summary>No overrides.</summary>
    public static ModuleRules None { get; } = new([]);

    /// <summary>Reads <c>lm_head=8;model.decoder.layers.0.*=8;*.fc2=3g64;embed_tokens=skip</c>.</summary>
    /// <exception cref="GptqException">GPTQ1106: an entry has another form.</exception>
    public static ModuleRules Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return None;
        var rules = new List<ModuleRule>();
        foreach (var entry in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = entry.LastIndexOf('=');
            if (equals <= 0) throw Malformed(entry);
            var (pattern, choice) = (entry[..equals].Trim(), entry[(equals + 1)..].Trim());
            if (choice.Equals("skip", StringComparison.OrdinalIgnoreCase))
            {
                rules.Add(new ModuleRule(pattern, Skip: true, null, null));
                continue;
            }
            var g = choice.IndexOf('g', StringComparison.OrdinalIgnoreCase);
            var bits = OptionValues.TryParseBits(g < 0 ? choice : choice[..g]) ?? throw Malformed(entry);
            int? groupSize = null;
            if (g >= 0)
            {
                if (!int.TryParse(choice[(g + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var size)
                    || !OptionValues.IsGroupSize(size))
                    throw Malformed(entry);
                groupSize = size;
            }
            rules.Add(new ModuleRule(pattern, Skip: false, bits, groupSize));
        }
        return new ModuleRules(rules);
    }

    /// <summary>The rule for a module, or null when none matches.</summary>
    public ModuleRule? For(string module) => Rules.FirstOrDefault(rule => rule.Matches(module));

    /// <inheritdoc/>
    public override string ToString() => string.Join(';', Rules.Select(rule =>
        rule.Skip ? $"{rule.Pattern}=skip"
        : $"{rule.Pattern}={OptionValues.Format(rule.Bits!.Value)}{(rule.GroupSize is { } size ? $"g{size.ToString(CultureInfo.InvariantCulture)}" : "")}"));

    private static GptqException Malformed(string entry) => new(
        "GPTQ1106",
        $"'{entry}' is no override of Modules. Write name=bits, name=bits and group (3g64), or name=skip, separated by semicolons; * stands for any characters.");
}
