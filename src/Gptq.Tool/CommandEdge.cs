using System.CommandLine;
using Gptq.Quantization;
using Gptq.Runtime;

namespace Gptq.Tool;

/// <summary>Where failures are printed, once, in the form that MSBuild reads as errors, and turned into exit codes.</summary>
internal static class CommandEdge
{
    /// <summary>Runs what was asked for.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="output">Where results go; the console when null.</param>
    /// <param name="error">Where failures go; the console when null.</param>
    public static async Task<int> InvokeAsync(ParseResult result, TextWriter? output = null, TextWriter? error = null)
    {
        output ??= Console.Out;
        error ??= Console.Error;
        if (result.Errors.Count > 0)
        {
            foreach (var problem in result.Errors) await error.WriteLineAsync($"gptq : error {Coded(problem.Message)}").ConfigureAwait(false);
            await error.WriteLineAsync("Try 'gptq --help'.").ConfigureAwait(false);
            return ExitCodes.BadUsage;
        }
        try
        {
            using var signals = new TerminationSignals();
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                // Exceptions come here, so that a coded failure is printed with its code.
                EnableDefaultExceptionHandler = false,
                // The library would listen for signals only once an action gives up its thread.
                ProcessTerminationTimeout = null,
            };
            return await result.InvokeAsync(configuration, signals.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Cancelled;
        }
        catch (Exception exception) when (Describe(exception) is { } line)
        {
            await error.WriteLineAsync(line).ConfigureAwait(false);
            return ExitCodes.Failed;
        }
    }

    /// <summary>A warning in MSBuild's canonical form.</summary>
    public static string Describe(GptqWarning warning) => $"{warning.File ?? "gptq"} : warning {warning.Code}: {OneLine(warning.Message)}";

    // Options with a code of their own begin with it.
    private static string Coded(string message) => message.StartsWith("GPTQ", StringComparison.Ordinal) ? message : "GPTQ1101: " + message;

    // MSBuild's canonical form, origin : error code: text; null for what no person caused.
    private static string? Describe(Exception exception) => exception switch
    {
        GptqException coded => Error(coded.File, coded.Code, coded.Message),
        QuantizedModelException coded => Error(coded.File, coded.Code, coded.Reason),
        IOException or UnauthorizedAccessException => Error(null, "GPTQ5001", exception.Message),
        _ => null,
    };

    private static string Error(string? file, string code, string message) => $"{file ?? "gptq"} : error {code}: {OneLine(message)}";

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
