using System.Text.RegularExpressions;

namespace Gptq.Build.Tests.Unit;

/// <summary>docs/diagnostics.md is where a code leads to: all of them stand there, in order.</summary>
public sealed partial class DiagnosticsPageTests
{
    [Fact]
    public void Every_code_in_the_sources_has_a_section()
    {
        var used = Codes();

        Assert.NotEmpty(used);
        Assert.Empty(used.Except(Sections()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_section_is_of_a_code_in_the_sources() => Assert.Empty(Sections().Except(Codes()));

    [Fact]
    public void Sections_are_sorted_and_single() => Assert.Equal(Sections().Distinct().Order(StringComparer.Ordinal), Sections());

    [Fact]
    public void Every_section_has_a_cause_and_a_remedy()
    {
        var without = Page().Split("\n## ").Skip(1).Where(section => section.Split('\n', 2) is not [_, var body] || !body.TrimStart().Contains("Remedy:", StringComparison.Ordinal) || body.TrimStart().StartsWith("Remedy:", StringComparison.Ordinal));

        Assert.Empty(without);
    }

    private static HashSet<string> Codes()
    {
        string[] folders = ["src", "sdk", "eng"];
        return [.. folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(TestPaths.RepositoryRoot, folder), "*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".cs" or ".targets" or ".props" or ".proj" or ".csproj")
            .SelectMany(file => Code().Matches(File.ReadAllText(file)).Select(match => match.Value))];
    }

    private static string Page() => File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "docs", "diagnostics.md"));

    private static string[] Sections() => [.. Section().Matches(Page()).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"GPTQ\d{4}\b")]
    private static partial Regex Code();

    [GeneratedRegex(@"^## (GPTQ\d{4})", RegexOptions.Multiline)]
    private static partial Regex Section();
}
