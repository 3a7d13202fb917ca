using System.Text.RegularExpressions;

namespace Gptq.Build.Tasks;

/// <summary>The rules of the metadata Modules, as a project writes them.</summary>
internal static class ModuleRulesText
{
    private static readonly Regex s_rule = new(
        @"^(?<pattern>[^=\s]+)\s*=\s*(?<action>skip|(2|3|4|8|ternary)(g(?<group>-1|\d+))?)$", RegexOptions.CultureInvariant);

    /// <summary>Checks rules, and puts one semicolon between them.</summary>
    /// <exception cref="MetadataException">GPTQ1007.</exception>
    public static string Normalize(string value)
    {
        var rules = value.Split([';'], StringSplitOptions.RemoveEmptyEntries).Select(rule => rule.Trim()).Where(rule => rule.Length > 0).ToArray();
        var wrong = rules.FirstOrDefault(rule => !IsValid(s_rule.Match(rule)));
        if (wrong is null) return string.Join(";", rules);
        throw new MetadataException("GPTQ1007", $"Modules has the rule '{wrong}'; a rule is pattern=bits, pattern=bitsgsize or pattern=skip, "
            + "e.g. lm_head=8;*.fc2=3g64;embed_tokens=skip.");
    }

    private static bool IsValid(Match rule) => rule.Success && (!rule.Groups["group"].Success || GroupSizeText.IsValid(rule.Groups["group"].Value));
}
