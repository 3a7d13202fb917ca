using System.CommandLine;
using System.Text.RegularExpressions;
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

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_fits_into_80_columns(string path)
    {
        var run = await ToolRun.RunAsync([.. path.Split(' '), "--help"]);

        Assert.All(run.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        // The left column leaves room for the right one.
        Assert.DoesNotMatch(new Regex(@"(?m)^  \S.{40,}?  \S"), run.Output);
    }

    [Fact]
    public async Task Help_spells_defaults_as_they_are_written()
    {
        var help = Regex.Replace((await ToolRun.RunAsync(["quantize", "--help"])).Output, @"\s+", " ");

        Assert.Contains("2, 3, 4, 8 or ternary [default: 4]", help, StringComparison.Ordinal);
        Assert.Contains("[default: group-aware]", help, StringComparison.Ordinal);
        Assert.DoesNotMatch("default: (Four|GroupAware|Gptq|Auto|Onnx|True)", help);
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
    [InlineData("completion", "cmd")]
    public async Task Bad_usage_ends_with_2(params string[] arguments)
    {
        var run = await ToolRun.RunAsync(arguments);

        Assert.Equal((2, ""), (run.Exit, run.Output));
        Assert.StartsWith("gptq : error GPTQ1101: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_word_that_an_option_does_not_take_has_the_options_code()
    {
        var run = await ToolRun.RunAsync(["quantize", "--model", "m", "--output", "o", "--bits", "5"]);

        Assert.Equal(2, run.Exit);
        Assert.StartsWith("gptq : error GPTQ1102: '5' is not 2, 3, 4, 8 or ternary.", run.Error, StringComparison.Ordinal);
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
