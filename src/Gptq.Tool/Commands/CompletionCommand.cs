using System.CommandLine;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq completion</c>: a script for a shell, which asks the tool itself what can come next.</summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "The shell: bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "pwsh");
        var command = new Command("completion", "Writes a script with which a shell completes commands, options and their values.") { shell };
        command.SetAction(result =>
        {
            using var script = new StreamReader(typeof(CompletionCommand).Assembly.GetManifestResourceStream($"gptq.{result.GetRequiredValue(shell)}")!);
            result.InvocationConfiguration.Output.Write(script.ReadToEnd());
        });
        return command;
    }
}
