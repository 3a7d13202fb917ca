using System.CommandLine;
using Gptq.Tests;

namespace Gptq.Tool.Tests;

public sealed class CommandLineTests
{
    public static TheoryData<string> Commands { get; } = [.. Paths(CommandLine.Create(), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help_with_an_example_that_parses(string path)
    {
        var run = await ToolRun.RunAsync([.. path.Split(' '), "--help"]);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("--help", run.Output, StringComparison.Ordinal);
        var example = run.Output.TrimEnd().Split('\n')[^1].Trim();
        Assert.StartsWith($"gptq {path}", example, StringComparison.Ordinal);
        Assert.Empty(CommandLine.Create().Parse(example["gptq ".Length..]).Errors);
        Assert.InRange(example.Length, 0, 78);
    }

    [Fact]
    public void Every_command_has_a_section_in_the_documentation()
    {
        var page = File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "docs", "command-line.md"));

        Assert.All(CommandLine.Create().Subcommands, command => Assert.Contains($"\n## gptq {command.Name}\n", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("polish")]
    [InlineData("evaluate", "bundle")]
    [InlineData("evaluate", "bundle", "--data", "text.txt", "--window", "1")]
    [InlineData("generate", "bundle")]
    [InlineData("generate", "bundle", "--prompt", "x", "--temperature", "-1")]
    [InlineData("generate", "bundle", "--prompt", "x", "--temperature", "NaN")]
    [InlineData("generate", "bundle", "--prompt", "x", "--top-p", "1.5")]
    [InlineData("generate", "bundle", "--prompt", "x", "--top-k", "few")]
    [InlineData("bench", "bundle", "--tokens", "1")]
    [InlineData("bench", "bundle", "--runs", "0")]
    public async Task Bad_usage_ends_with_2(params string[] arguments)
    {
        var run = await ToolRun.RunAsync(arguments);

        Assert.Equal((2, ""), (run.Exit, run.Output));
        Assert.StartsWith("gptq : error GPTQ1101: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_work_ends_with_130()
    {
        var command = new RootCommand();
        command.SetAction((_, _) => Task.FromException<int>(new OperationCanceledException()));

        Assert.Equal(130, await CommandEdge.InvokeAsync(command.Parse([])));
    }

    private static IEnumerable<string> Paths(Command parent, string prefix) =>
        parent.Subcommands.SelectMany(command => Paths(command, $"{prefix}{command.Name} ").Prepend(prefix + command.Name));
}
