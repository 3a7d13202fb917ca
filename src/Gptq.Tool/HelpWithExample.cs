using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Gptq.Tool;

/// <summary>The usual help, and one line to start from.</summary>
internal sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
{
    private const int StandardWidth = 80;
    private const int WidestReadable = 120;

    /// <summary>One line for each command, by its name.</summary>
    internal static IReadOnlyDictionary<string, string> Examples { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["quantize"] = "gptq quantize --model facebook/opt-125m --output opt-4bit --bits 4",
        ["pull"] = "gptq pull opt-125m",
        ["inspect"] = "gptq inspect opt-4bit",
        ["evaluate"] = "gptq evaluate opt-4bit --data test.txt --reference facebook/opt-125m",
        ["generate"] = "gptq generate opt-4bit --prompt \"Once upon a time\" --temperature 0.8",
        ["bench"] = "gptq bench opt-4bit --prompt-tokens 512 --tokens 128",
        ["cache"] = "gptq cache list",
        ["list"] = "gptq cache list --json",
        ["prune"] = "gptq cache prune --limit 20GB --unused-for 30d",
        ["completion"] = "gptq completion bash",
        ["clear"] = "gptq cache clear",
        ["cuda"] = "gptq cuda info",
        ["info"] = "gptq cuda info --json",
        ["install"] = "gptq cuda install",
    };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        // Where nobody reads along, as behind a pipe, lines would be as long as they come.
        help.MaxWidth = Console.IsOutputRedirected ? StandardWidth : Math.Max(StandardWidth, Math.Min(Console.WindowWidth, WidestReadable));
        var exit = help.Invoke(parseResult);
        if (Examples.TryGetValue(parseResult.CommandResult.Command.Name, out var example))
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:{Environment.NewLine}  {example}{Environment.NewLine}");
        return exit;
    }
}
