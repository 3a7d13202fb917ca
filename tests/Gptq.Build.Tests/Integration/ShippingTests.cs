using System.IO.Compression;

namespace Gptq.Build.Tests.Integration;

/// <summary>publish and pack.</summary>
[Trait("Category", "Integration")]
public sealed class ShippingTests
{
    [Fact]
    public void Published_apps_have_the_model_beside_them()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""", "<UseAppHost>true</UseAppHost>");

        solution.Dotnet("publish", "-o", "out").Succeeded();
        Assert.True(solution.Files.Has("out/models/tiny/model.onnx"));
        solution.Dotnet("publish", "--no-build", "-o", "again").Succeeded();
        Assert.True(solution.Files.Has("again/models/tiny/tokenizer/vocab.json"));
        Assert.Single(solution.EngineRuns());

        solution.Dotnet("publish", "-r", System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier, "--self-contained", "false", "-p:PublishSingleFile=true", "-o", "single").Succeeded();
        Assert.True(solution.Files.Has("single/models/tiny/model.onnx"));
        Assert.False(solution.Files.Has("single/app.dll"));
        Assert.Single(solution.EngineRuns());
    }

    [Fact]
    public void Publishing_without_ever_having_built_is_a_warning()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");
        solution.Build("-p:SkipQuantizeModels=true").Succeeded();

        var publish = solution.Dotnet("publish", "--no-build", "-c", "Debug", "-o", "out").Succeeded();

        Assert.Contains("warning GPTQ1017", publish.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Packages_hold_models_only_when_asked()
    {
        using var solution = new TestSolution();
        solution.Files.Write("app.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>
              </PropertyGroup>
              <ItemGroup>
                <QuantizeModel Include="models/tiny" />
              </ItemGroup>
            </Project>
            """);
        solution.Dotnet("pack", "-o", "out").Succeeded();
        Assert.DoesNotContain(Entries("out"), entry => entry.EndsWith(".onnx", StringComparison.Ordinal));

        solution.Dotnet("pack", "--no-build", "-p:GptqPackModels=true", "-o", "with").Succeeded();
        Assert.Contains("contentFiles/any/any/models/tiny/model.onnx", Entries("with"));
        Assert.Contains("contentFiles/any/any/models/tiny/tokenizer/vocab.json", Entries("with"));
        using var package = ZipFile.OpenRead(solution["with/app.1.0.0.nupkg"]);
        using var nuspec = new StreamReader(package.GetEntry("app.nuspec")!.Open());
        Assert.Matches("""models/tiny/model.onnx" buildAction="None" copyToOutput="true""", nuspec.ReadToEnd().Replace('\\', '/'));

        string[] Entries(string folder)
        {
            using var archive = ZipFile.OpenRead(solution[folder + "/app.1.0.0.nupkg"]);
            return [.. archive.Entries.Select(entry => entry.FullName)];
        }
    }
}
