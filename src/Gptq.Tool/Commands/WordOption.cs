using System.CommandLine;

namespace Gptq.Tool.Commands;

/// <summary>An option that takes one of a few words. Help and completion spell them as a person writes them, not as the enumeration does.</summary>
internal static class WordOption
{
    /// <summary>Creates an option.</summary>
    /// <param name="name">Its name, such as --bits.</param>
    /// <param name="helpName">What help calls its value.</param>
    /// <param name="description">What it decides, without a period.</param>
    /// <param name="code">The diagnostic code of a word that it does not take.</param>
    /// <param name="parse">Reads a word; null for one that it does not take.</param>
    /// <param name="format">Spells a value.</param>
    /// <param name="standard">What holds without the option; its value is null then.</param>
    /// <param name="words">All words.</param>
    public static Option<T?> Create<T>(
        string name, string helpName, string description, string code, Func<string?, T?> parse, Func<T, string> format, T standard, params string[] words)
        where T : struct
    {
        var choice = $"{string.Join(", ", words[..^1])} or {words[^1]}";
        var option = new Option<T?>(name)
        {
            HelpName = helpName,
            Description = $"{description}: {choice} [default: {format(standard)}].",
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                var value = parse(text);
                if (value is null) result.AddError($"{code}: '{text}' is not {choice}.");
                return value;
            },
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(words);
        return option;
    }
}
