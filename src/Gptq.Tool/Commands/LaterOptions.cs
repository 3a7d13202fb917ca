using System.CommandLine;
using Gptq.Quantization;

namespace Gptq.Tool.Commands;

/// <summary>
/// Options whose names are fixed but that this version can't carry out. Passing one over would give a result other than the one asked for,
/// so each is refused; a value that asks for what happens anyway is taken.
/// </summary>
internal static class LaterOptions
{
    private static readonly (string Name, string[] Harmless)[] s_options =
    [
        ("--device", ["auto", "cpu"]),
    ];

    public static IReadOnlyList<Option<string>> Create() => [.. s_options.Select(option => new Option<string>(option.Name) { Hidden = true })];

    /// <summary>Refuses what was asked for and can't be done.</summary>
    /// <exception cref="GptqException">GPTQ1114.</exception>
    public static void Refuse(IReadOnlyList<Option<string>> options, ParseResult result)
    {
        foreach (var (option, (name, harmless)) in options.Zip(s_options))
        {
            if (result.GetValue(option) is { } value && !harmless.Contains(value, StringComparer.OrdinalIgnoreCase))
                throw new GptqException("GPTQ1114", $"{name} {value} is not supported by this version. Leave it out.");
        }
    }
}
