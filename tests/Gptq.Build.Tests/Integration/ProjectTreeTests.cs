namespace Gptq.Build.Tests.Integration;

/// <summary>A library for two frameworks, a library on it, an app and tests on that: the model is made once and is everywhere.</summary>
[Trait("Category", "Integration")]
public sealed class ProjectTreeTests
{
    [Theory]
    [InlineData("-m:4")]
    [InlineData("-m:4 -graph")]
    [InlineData("-m:4 -graph -isolate")]
    [InlineData("-m:4 -mt")]
    public void One_engine_run_for_a_tree_of_projects(string switches)
    {
        using var solution = new TestSolution();
        WriteTree(solution);
        solution.Dotnet("restore", "all.slnx").Succeeded();

        solution.Dotnet(["build", "all.slnx", "--no-restore", .. switches.Split(' ')]).Succeeded();

        Assert.Single(solution.EngineRuns("lib"));
        foreach (var output in (string[])["lib/bin/Debug/netstandard2.0", "lib/bin/Debug/net10.0", "middle/bin/Debug/net10.0", "app/bin/Debug/net10.0", "tests/bin/Debug/net10.0"])
            Assert.True(solution.Files.Has(output + "/models/tiny/model.onnx"), output);
    }

    [Fact]
    public void Frameworks_with_different_items_keep_each_others_results()
    {
        using var solution = new TestSolution();
        solution.AddCheckpoint("models/other");
        solution.Files.Write("lib.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>
              </PropertyGroup>
              <ItemGroup>
                <QuantizeModel Include="models/tiny" Condition="'$(TargetFramework)' == 'net10.0'" />
                <QuantizeModel Include="models/other" Condition="'$(TargetFramework)' != 'net10.0'" />
              </ItemGroup>
            </Project>
            """);

        solution.Build("-m:4").Succeeded();
        Assert.Equal(["other", "tiny"], solution.NewEngineRuns().Order(StringComparer.Ordinal));
        Assert.True(solution.Files.Has("bin/Debug/net10.0/models/tiny/model.onnx") && solution.Files.Has("bin/Debug/netstandard2.0/models/other/model.onnx"));
        Assert.False(solution.Files.Has("bin/Debug/net10.0/models/other"));

        solution.Dotnet("clean", "-f", "net10.0").Succeeded();
        Assert.True(solution.Files.Has("obj/gptq/other"), "What another framework uses was cleaned.");
        solution.Build("--no-restore", "-m:4").Succeeded();
        Assert.Empty(solution.NewEngineRuns());

        solution.Dotnet("clean").Succeeded();
        Assert.False(solution.Files.Has("obj/gptq"));
    }

    [Fact]
    public void A_name_with_other_options_in_another_framework_is_refused_before_anything_runs()
    {
        using var solution = new TestSolution();
        solution.Files.Write("lib.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>
                <GptqBits Condition="'$(TargetFramework)' == 'net10.0'">8</GptqBits>
              </PropertyGroup>
              <ItemGroup>
                <QuantizeModel Include="models/tiny" />
              </ItemGroup>
            </Project>
            """);

        var refused = solution.Build("-m:4").Failed();

        Assert.Contains("lib.csproj(7): error GPTQ1021: QuantizeModel 'models/tiny': target frameworks have different options for the model 'tiny' (Bits)", refused.Output, StringComparison.Ordinal);
        Assert.Empty(solution.EngineRuns());

        solution.Files.Write("lib.csproj", File.ReadAllText(solution["lib.csproj"]).Replace("\"models/tiny\"", "\"models/tiny\" ModelName=\"tiny-$(GptqBits)\"", StringComparison.Ordinal));
        solution.Build("-m:4").Succeeded();
        Assert.True(solution.Files.Has("bin/Debug/net10.0/models/tiny-8/model.onnx") && solution.Files.Has("bin/Debug/netstandard2.0/models/tiny-4/model.onnx"));
    }

    private static void WriteTree(TestSolution solution)
    {
        solution.Files.Write("lib/lib.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>
              </PropertyGroup>
              <ItemGroup>
                <QuantizeModel Include="../models/tiny" />
              </ItemGroup>
            </Project>
            """);
        solution.Files.Write("lib/Where.cs", "namespace lib { public static class Where { public static string Model { get { return QuantizedModels.Tiny.Path; } } } }");
        solution.Files.Write("middle/middle.csproj", Referencing("lib", "Library"));
        solution.Files.Write("middle/Middle.cs", "namespace middle; public static class Middle { public static string Model => lib.Where.Model; }");
        foreach (var name in (string[])["app", "tests"])
        {
            solution.Files.Write($"{name}/{name}.csproj", Referencing("middle", "Exe"));
            solution.Files.Write($"{name}/Program.cs", "System.Console.WriteLine(middle.Middle.Model);");
        }
        solution.Files.Write("all.slnx", """<Solution><Project Path="lib/lib.csproj" /><Project Path="middle/middle.csproj" /><Project Path="app/app.csproj" /><Project Path="tests/tests.csproj" /></Solution>""");
    }

    private static string Referencing(string other, string outputType) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>{outputType}</OutputType>
            <TargetFramework>net10.0</TargetFramework>
          </PropertyGroup>
          <ItemGroup>
            <ProjectReference Include="../{other}/{other}.csproj" />
          </ItemGroup>
        </Project>
        """;
}
