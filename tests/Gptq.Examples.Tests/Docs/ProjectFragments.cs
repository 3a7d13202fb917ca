using System.Globalization;
using System.Xml.Linq;

namespace Gptq.Examples.Tests.Docs;

/// <summary>Pieces of project files, each built in a project of its own around it: one file with all of them, of which a property picks one.</summary>
internal static class ProjectFragments
{
    private static readonly string[] s_sections = ["ItemGroup", "PropertyGroup"];

    // Little calibration, and bits that pass any gate with that, unless the piece says otherwise: what is tried is that it is understood.
    private const string Around = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <IntermediateOutputPath>obj/$(Fragment)/</IntermediateOutputPath>
            <GptqIntermediateDirectory>$(MSBuildProjectDirectory)/gptq/$(Fragment)/</GptqIntermediateDirectory>
            <GptqBits>8</GptqBits>
            <GptqCalibrationSamples>2</GptqCalibrationSamples>
            <GptqSequenceLength>32</GptqSequenceLength>
            <!-- So few tokens are worth a warning. -->
            <NoWarn>$(NoWarn);GPTQ4010</NoWarn>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Gptq.Build" Version="0.1.0" />
          </ItemGroup>
        </Project>
        """;

    // The engine without the compiler, which has nothing to do with a piece.
    private const string BuildAll = """
        <Project>
          <Target Name="Build">
            <MSBuild Projects="pieces.csproj" Targets="Restore" Properties="Fragment=none" />
            <ItemGroup>
              <Project Include="pieces.csproj" AdditionalProperties="BuildingProject=true;Fragment=%(Piece.Identity)" />
            </ItemGroup>
            <MSBuild Projects="@(Project)" Targets="QuantizeModels" BuildInParallel="true" />
          </Target>
        </Project>
        """;

    /// <summary>Builds all of a page's, and checks that each item became a model, or failed as the page says.</summary>
    public static async Task BuildAsync(IReadOnlyList<CodeBlock> blocks, string folder, IReadOnlyDictionary<string, string?> environment, CancellationToken cancellation)
    {
        var project = XElement.Parse(Around);
        for (var i = 0; i < blocks.Count; i++)
            foreach (var section in Sections(blocks[i])) project.Add(new XElement(section.Name, new XAttribute("Condition", $"'$(Fragment)' == '{i}'"), section.Elements()));
        Directory.CreateDirectory(Path.Combine(folder, "texts"));
        var text = await File.ReadAllTextAsync(Path.Combine(TestPaths.RepositoryRoot, "samples/MixedPrecision/held-out.txt"), cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "texts/held-out.txt"), text, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "texts/support-mails.jsonl"), System.Text.Json.JsonSerializer.Serialize(new { text }) + "\n", cancellation);
        Directory.CreateDirectory(Path.Combine(folder, "checkpoints"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "checkpoints/my-model"), TestPaths.BardOpt);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), "Console.WriteLine();", cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "pieces.csproj"), project.ToString(), cancellation);
        var good = Enumerable.Range(0, blocks.Count).Where(i => blocks[i]["fails"] is null).ToList();
        var all = XElement.Parse(BuildAll);
        all.AddFirst(new XElement("ItemGroup", new XElement("Piece", new XAttribute("Include", string.Join(';', good)))));
        await File.WriteAllTextAsync(Path.Combine(folder, "all.proj"), all.ToString(), cancellation);

        using (var build = RunningCommand.Start(folder, environment, "dotnet", "msbuild", "all.proj", "-nologo", "-tl:off", "-v:m", "-m:2"))
            Assert.True(await build.WaitForEndAsync(cancellation) == 0, build.Output);
        foreach (var i in good)
        {
            var items = Sections(blocks[i]).SelectMany(section => section.Elements("QuantizeModel")).Count();
            var results = Path.Combine(folder, "gptq", i.ToString(CultureInfo.InvariantCulture));
            var models = Directory.Exists(results) ? Directory.GetFiles(results, "model.onnx", SearchOption.AllDirectories).Length : 0;
            Assert.True(models == items, $"{blocks[i]}: {items} items, {models} models.");
        }
        foreach (var i in Enumerable.Range(0, blocks.Count).Except(good))
        {
            using var build = RunningCommand.Start(folder, environment, "dotnet", "build", "pieces.csproj", $"-p:Fragment={i}", "-nologo", "-tl:off");
            Assert.True(await build.WaitForEndAsync(cancellation) != 0 && build.Output.Contains(blocks[i]["fails"]!, StringComparison.Ordinal), $"{blocks[i]} does not fail with {blocks[i]["fails"]}: {build.Output}");
        }
    }

    /// <summary>The groups of a piece: those it has, or a group around its items or properties.</summary>
    private static IEnumerable<XElement> Sections(CodeBlock block) =>
        XElement.Parse($"<Piece>{block.Text}</Piece>").Elements().Select(element =>
            s_sections.Contains(element.Name.LocalName) ? element : new XElement(element.Attribute("Include") is null ? "PropertyGroup" : "ItemGroup", element));
}
