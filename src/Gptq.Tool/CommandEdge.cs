using System.CommandLine;
using Gptq.Quantization;

namespace Gptq.Tool;

/// <summary>Where failures are printed, once, in the form that MSBuild reads as errors, and turned into exit codes.</summary>
internal static class CommandEdge
{
    public static async Task<int> InvokeAsync(ParseResult result)
    {
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors) await Console.Error.WriteLineAsync($"gptq : error GPTQ1101: {error.Message}").ConfigureAwait(false);
            await Console.Error.WriteLineAsync("Try 'gptq --help'.").ConfigureAwait(false);
            return ExitCodes.BadUsage;
        }
        try
        {
            // The exceptions come here, not to the library's own handler, so that a coded failure is printed with its code.
            return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Cancelled;
        }
        catch (GptqException exception)
        {
            await Console.Error.WriteLineAsync(Describe(exception)).ConfigureAwait(false);
            return ExitCodes.Failed;
        }
        catch (IOException exception)
        {
            await Console.Error.WriteLineAsync($"gptq : error GPTQ5001: {OneLine(exception.Message)}").ConfigureAwait(false);
            return ExitCodes.Failed;
        }
        catch (UnauthorizedAccessException exception)
        {
            await Console.Error.WriteLineAsync($"gptq : error GPTQ5001: {OneLine(exception.Message)}").ConfigureAwait(false);
            return ExitCodes.Failed;
        }
    }

    /// <summary>A diagnostic in MSBuild's canonical form: <c>origin : error code: text</c>.</summary>
    public static string Describe(GptqException exception) => $"{exception.File ?? "gptq"} : error {exception.Code}: {OneLine(exception.Message)}";

    /// <summary>A warning in MSBuild's canonical form.</summary>
    public static string Describe(GptqWarning warning) => $"{warning.File ?? "gptq"} : warning {warning.Code}: {OneLine(warning.Message)}";

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
