using System.Diagnostics;

namespace Gptq.Tool.Tests;

public sealed class CompletionCommandTests
{
    [Theory]
    [InlineData("gptq q", "quantize")]
    [InlineData("gptq cache ", "clear list prune")]
    [InlineData("gptq quantize --model x --bits ", "2 3 4 8 ternary")]
    [InlineData("gptq quantize --bits t", "ternary")]
    [InlineData("gptq quantize --mode", "--model --model-roots")]
    [InlineData("gptq completion ", "bash fish pwsh zsh")]
    public async Task Bash_completes(string line, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "bash is of Unix.");

        Assert.Equal(expected, await InBashAsync("gptq", line));
        // Called by its path, as from a folder of tools.
        var path = Path.Combine(AppContext.BaseDirectory, "gptq");
        Assert.Equal(expected, await InBashAsync(path, path + line["gptq".Length..]));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _gptq gptq")]
    [InlineData("zsh", "compdef _gptq gptq")]
    [InlineData("fish", "complete --command gptq")]
    [InlineData("pwsh", "Register-ArgumentCompleter -Native -CommandName gptq")]
    public async Task Every_shell_has_a_script(string shell, string expected)
    {
        var run = await ToolRun.RunAsync(["completion", shell]);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
    }

    // What bash does when Tab is pressed: it sets these variables and calls the function that was registered.
    private static async Task<string> InBashAsync(string command, string line)
    {
        const string Script = """
            source <(gptq completion bash)
            read -r -a COMP_WORDS <<< "$COMP_LINE"
            [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            COMP_POINT=${#COMP_LINE}
            registered=$(complete -p gptq)
            [[ $registered =~ -F\ ([^ ]+) ]] && "${BASH_REMATCH[1]}"
            echo "${COMPREPLY[*]}"
            """;
        var start = new ProcessStartInfo("bash", ["-c", Script, command]) { RedirectStandardOutput = true };
        start.Environment["COMP_LINE"] = line;
        start.Environment["PATH"] = AppContext.BaseDirectory + Path.PathSeparator + start.Environment["PATH"];
        using var bash = Process.Start(start)!;
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        return string.Join(' ', output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }
}
