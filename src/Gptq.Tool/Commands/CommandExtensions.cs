using System.CommandLine;

namespace Gptq.Tool.Commands;

/// <summary>What the command line library leaves to its users.</summary>
internal static class CommandExtensions
{
    /// <summary>
    /// Sets what a command does, on the thread pool: the library listens for Ctrl+C only once the action has returned its task, so that work before
    /// the first await could not be cancelled.
    /// </summary>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((result, cancellation) => Task.Run(() => work(result, cancellation), cancellation));
}
