using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Gptq.Examples.Tests.Docs;

/// <summary>docs/quantize-model.md has each metadata and each property that the package knows.</summary>
public sealed partial class ItemPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "docs/quantize-model.md"));
    private static readonly string s_build = Path.Combine(TestPaths.RepositoryRoot, "sdk/build");

    public static TheoryData<string> Metadata =>
        [.. XDocument.Load(Path.Combine(s_build, "Gptq.Build.props")).Descendants("ItemDefinitionGroup").Elements("QuantizeModel").Elements().Select(element => element.Name.LocalName)];

    [Theory]
    [MemberData(nameof(Metadata))]
    public void Metadata_has_a_default_and_an_example(string name)
    {
        var section = s_page.Split("\n### ").Select(part => part.Split("\n## ")[0]).SingleOrDefault(part => part.StartsWith(name + "\n", StringComparison.Ordinal));

        Assert.NotNull(section);
        Assert.Contains("Default: ", section, StringComparison.Ordinal);
        Assert.Matches($"```xml\n<QuantizeModel [^`]*{name}=\"", section);
    }

    [Fact]
    public void Every_property_that_people_set_is_there()
    {
        // Where the package's own files are, which only its tests move.
        string[] inner = ["GptqBuildPropsImported", "GptqEngine", "GptqIntermediateDirectory", "GptqIsSdk", "GptqTaskFactory", "GptqTasksAssembly", "GptqBuildVersion"];
        var used = Directory.GetFiles(s_build, "*.targets").SelectMany(file => Property().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToHashSet();

        Assert.NotEmpty(used);
        Assert.All(used.Except(inner), name => Assert.Contains($"| {name} |", s_page, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\$\((Gptq\w+)\)")]
    private static partial Regex Property();
}
