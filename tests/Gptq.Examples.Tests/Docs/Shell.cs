namespace Gptq.Examples.Tests.Docs;

/// <summary>Runs what a page tells its readers to type. A <c>cd</c> lasts until the page's end, as in a terminal.</summary>
internal sealed class Shell(string folder, IReadOnlyDictionary<string, string?>? environment)
{
    private const string Remember = "trap 'pwd -P >&3' EXIT\n";

    /// <summary>Where the next command runs.</summary>
    public string Folder { get; private set; } = folder;

    /// <summary>A block of commands, or of commands with a <c>$</c> before them and what they print.</summary>
    public async Task RunAsync(CodeBlock block, CancellationToken cancellation)
    {
        if (block.Language == "sh")
        {
            await RunAsync(block, block.Text, cancellation);
            return;
        }
        foreach (var part in ("\n" + block.Text).Split("\n$ ")[1..])
        {
            var lines = part.Split('\n', 2);
            var output = await RunAsync(block, lines[0], cancellation);
            if (lines.ElementAtOrDefault(1) is { } shown && !string.IsNullOrWhiteSpace(shown) && block["prints"] is null)
                Assert.True(OutputPattern.Matches(shown, output), $"{block}: {lines[0]} prints something else than the page shows:\n{output}");
        }
    }

    /// <summary>Commands; gives what they print.</summary>
    public async Task<string> RunAsync(CodeBlock block, string commands, CancellationToken cancellation)
    {
        var place = Path.GetTempFileName();
        using var run = RunningCommand.Start(Folder, environment, "bash", "-e", "-o", "pipefail", "-c", $"exec 3>'{place}'\n{Remember}{commands}");
        var code = await run.WaitForEndAsync(cancellation);
        Folder = (await File.ReadAllTextAsync(place, cancellation)).Trim();
        File.Delete(place);
        if (block["fails"] is { } failure) Assert.True(code != 0 && run.Output.Contains(failure, StringComparison.Ordinal), $"{block} does not fail with {failure}: {run.Output}");
        else Assert.True(code == 0, $"{block} ends with {code}: {run.Output}");
        return run.Output;
    }
}
