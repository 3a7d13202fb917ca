using System.Text.RegularExpressions;
using System.Xml.Linq;
using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>Metadata are listed where MSBuild wants them; the lists are the same.</summary>
public sealed class OneListTests
{
    private static readonly string[] s_metadata = [.. ModelOptions.All.Select(option => option.Metadata).Concat(ModelOptions.BuildMetadata).Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_metadata_has_a_definition_and_a_project_wide_default()
    {
        var definitions = XDocument.Load(Sdk("build/Gptq.Build.props")).Descendants("QuantizeModel").Single().Elements().ToArray();

        Assert.Equal(s_metadata, definitions.Select(definition => definition.Name.LocalName).Order(StringComparer.Ordinal));
        Assert.All(
            definitions.Where(definition => !ModelOptions.BuildMetadata.Contains(definition.Name.LocalName)),
            definition => Assert.Equal($"$(Gptq{definition.Name.LocalName})", definition.Value));
    }

    [Fact]
    public void Every_metadata_is_on_the_property_page()
    {
        var properties = XDocument.Load(Sdk("build/rules/QuantizeModel.xaml")).Root!.Elements().Where(element => element.Name.LocalName.EndsWith("Property", StringComparison.Ordinal));

        Assert.Equal(s_metadata, properties.Select(property => property.Attribute("Name")!.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_metadata_is_documented_with_an_example()
    {
        var page = File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "docs", "quantize-model.md"));

        Assert.All(s_metadata, metadata =>
        {
            Assert.Matches(new Regex($@"(?m)^### {metadata}$"), page);
            Assert.Contains($"{metadata}=\"", page, StringComparison.Ordinal);
        });
    }

    private static string Sdk(string path) => Path.Combine(TestPaths.RepositoryRoot, "sdk", path);
}
