using System.Globalization;
using System.Text.RegularExpressions;

namespace Gptq.Build.Tasks;

/// <summary>A line of the engine's output, understood.</summary>
internal abstract class EngineLine
{
    private static readonly Regex s_diagnostic = new(
        @"^\s*(?:(?<file>\S.*?)(?:\((?<line>\d+)(?:,\d+)?\))?\s*:\s+)?(?<kind>error|warning)\s+(?<code>GPTQ\d{4})\s*:\s*(?<text>.*)$", RegexOptions.CultureInvariant);

    private static readonly Regex s_progress = new(@"^gptq:\s+(?<phase>\S+)\s+(?<done>\d+)/(?<of>\d+)\s*(?<text>.*)$", RegexOptions.CultureInvariant);

    /// <summary>Reads a line; null for one that is neither a diagnostic nor progress.</summary>
    public static EngineLine? Parse(string line)
    {
        if (s_progress.Match(line) is { Success: true } progress)
            return new Progress(progress.Groups["phase"].Value, Number(progress.Groups["done"]), Number(progress.Groups["of"]), progress.Groups["text"].Value.Trim());
        if (s_diagnostic.Match(line) is not { Success: true } match) return null;
        // "gptq : error" is how a tool says that no file is at fault.
        var file = match.Groups["file"].Value;
        return new Diagnostic(match.Groups["kind"].Value == "error", match.Groups["code"].Value, file == "gptq" ? "" : file, Number(match.Groups["line"]), match.Groups["text"].Value);
    }

    private static int Number(Group digits) =>
        int.TryParse(digits.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary><c>gptq: phase k/n text</c>.</summary>
    internal sealed class Progress(string phase, int done, int of, string text) : EngineLine
    {
        public string Phase { get; } = phase;

        public int Done { get; } = done;

        public int Of { get; } = of;

        public string Text { get; } = text;
    }

    /// <summary><c>file : error GPTQnnnn: text</c>.</summary>
    internal sealed class Diagnostic(bool isError, string code, string file, int line, string text) : EngineLine
    {
        public bool IsError { get; } = isError;

        public string Code { get; } = code;

        /// <summary>The file at fault, or an empty string.</summary>
        public string File { get; } = file;

        public int Line { get; } = line;

        public string Text { get; } = text;
    }
}
