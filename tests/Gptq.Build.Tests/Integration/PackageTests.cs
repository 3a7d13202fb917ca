using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Gptq.Build.Tests.Integration;

/// <summary>The packed packages in empty projects outside of the repository, with the engine that they bring.</summary>
[Trait("Category", "Integration")]
public sealed class PackageTests(PackageFeed feed) : IClassFixture<PackageFeed>
{
    private const string Model = """<QuantizeModel Include="checkpoints/bard-opt" Bits="4" CalibrationSamples="4" SequenceLength="64" />""";

    [Theory]
    [InlineData("reference")]
    [InlineData("element")]
    [InlineData("attribute")]
    public void Every_way_of_use_quantizes_and_brings_the_runtime(string way)
    {
        using var project = new TempFolder();
        var sdk = way == "attribute" ? $"Microsoft.NET.Sdk;Gptq.Build/{feed.Version}" : "Microsoft.NET.Sdk";
        project.Write("nuget.config", feed.NuGetConfig);
        project.Write("app.csproj", $"""
            <Project Sdk="{sdk}">
              {(way == "element" ? $"""<Sdk Name="Gptq.Build" Version="{feed.Version}" />""" : "")}
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <GptqCacheDirectory>{project.Beside}/cache</GptqCacheDirectory>
              </PropertyGroup>
              <ItemGroup>
                {(way == "reference" ? $"""<PackageReference Include="Gptq.Build" Version="{feed.Version}" />""" : "")}
                {Model}
              </ItemGroup>
            </Project>
            """);
        project.Write("Program.cs", """System.Console.Write(System.IO.File.Exists(System.IO.Path.Combine(app.QuantizedModels.BardOpt.Path, "model.onnx")) + typeof(Gptq.Runtime.QuantizedModel).Name);""");
        Copy(TestPaths.BardOpt, project["checkpoints/bard-opt"]);

        Run(project, "build").Succeeded();

        Assert.True(project.Has("bin/Debug/net10.0/models/bard-opt/model.onnx"));
        Assert.Contains("TrueQuantizedModel", Run(project, "bin/Debug/net10.0/app.dll").Succeeded().WaitForOutput("TrueQuantizedModel"), StringComparison.Ordinal);
        var before = File.GetLastWriteTimeUtc(project["obj/gptq/bard-opt.state"]);
        Assert.False(Run(project, "build", "--no-restore").Succeeded().Ran("RunQuantization"));
        Assert.Equal(before, File.GetLastWriteTimeUtc(project["obj/gptq/bard-opt.state"]));
    }

    [Theory]
    [InlineData("Gpu")]
    [InlineData("")]
    public void An_app_gets_the_packages_of_a_GPU_when_it_asks_for_them_and_only_then(string onnxRuntime)
    {
        using var project = new TempFolder();
        project.Write("nuget.config", feed.NuGetConfig);
        project.Write("app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <Sdk Name="Gptq.Build" Version="{feed.Version}" />
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <GptqOnnxRuntime>{onnxRuntime}</GptqOnnxRuntime>
              </PropertyGroup>
            </Project>
            """);
        var references = JsonNode.Parse(Run(project, "msbuild", "-getItem:PackageReference").Succeeded().Output)!["Items"]!["PackageReference"]!.AsArray();
        var names = references.ToDictionary(reference => reference!["Identity"]!.GetValue<string>(), reference => reference!["ExcludeAssets"]?.GetValue<string>());
        Assert.Contains("Gptq.Runtime", names.Keys);
        Assert.Equal(onnxRuntime == "Gpu", names.ContainsKey("Microsoft.ML.OnnxRuntime.Gpu"));
        if (onnxRuntime == "Gpu")
        {
            Assert.Equal("all", names["Microsoft.ML.OnnxRuntime"]);
            return;
        }
        Run(project, "restore").Succeeded();
        var graph = File.ReadAllText(project["obj/project.assets.json"]);
        Assert.All(["TorchSharp", "libtorch", "OnnxRuntime.Gpu"], name => Assert.DoesNotContain(name, graph, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_library_can_do_without_the_runtime(bool asSdk)
    {
        using var project = new TempFolder();
        project.Write("nuget.config", feed.NuGetConfig);
        project.Write("app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              {(asSdk ? $"""<Sdk Name="Gptq.Build" Version="{feed.Version}" />""" : "")}
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>
                <GptqReferenceRuntime>false</GptqReferenceRuntime>
                <SkipQuantizeModels>true</SkipQuantizeModels>
              </PropertyGroup>
              <ItemGroup>
                {(asSdk ? "" : $"""<PackageReference Include="Gptq.Build" Version="{feed.Version}" />""")}
                {Model}
              </ItemGroup>
            </Project>
            """);
        project.Write("Where.cs", "namespace app { public static class Where { public static string Model { get { return QuantizedModels.BardOpt.Path; } } } }");
        Copy(TestPaths.BardOpt, project["checkpoints/bard-opt"]);

        var build = Run(project, "build").Succeeded();

        // A PackageReference's dependencies are NuGet's, before any property: a warning says what to write instead.
        Assert.Equal(asSdk ? [] : ["GPTQ1019"], build.Codes);
        Assert.Equal(!asSdk, File.ReadAllText(project["obj/Debug/net10.0/QuantizedModels.g.cs"]).Contains("Gptq.Runtime", StringComparison.Ordinal));
        Assert.DoesNotContain("Gptq.Runtime", File.ReadAllText(project["obj/Debug/netstandard2.0/QuantizedModels.g.cs"]), StringComparison.Ordinal);

        if (asSdk) return;
        var remedy = $"""<PackageReference Include="Gptq.Runtime" Version="{feed.Version}" ExcludeAssets="all" />""";
        project.Write("app.csproj", File.ReadAllText(project["app.csproj"]).Replace("<QuantizeModel", remedy + "<QuantizeModel", StringComparison.Ordinal).Replace("netstandard2.0;", "", StringComparison.Ordinal));
        Assert.Empty(Run(project, "build").Succeeded().Codes);
    }

    [Fact]
    public void What_the_installed_tool_makes_an_app_with_the_runtime_alone_loads()
    {
        using var project = new TempFolder();
        project.Write("nuget.config", feed.NuGetConfig);

        Run(project, "tool", "install", "Gptq.Tool", "--version", feed.Version, "--tool-path", "tools").Succeeded();
        var start = new ProcessStartInfo(
            project["tools/gptq"],
            ["quantize", "--model", TestPaths.BardOpt, "--output", project["model"], "--calibration-samples", "4", "--sequence-length", "64", "--cache-directory", Path.Combine(project.Beside, "cache")])
        {
            RedirectStandardOutput = true,
        };
        using (var tool = Process.Start(start)!)
        {
            var output = tool.StandardOutput.ReadToEnd();
            tool.WaitForExit();
            Assert.True(tool.ExitCode == 0, output);
        }

        project.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Gptq.Runtime" Version="{feed.Version}" />
              </ItemGroup>
            </Project>
            """);
        project.Write("app/Program.cs", """
            using var model = Gptq.Runtime.QuantizedModel.Open(args[0]);
            var tokenizer = Gptq.Tokenizers.Tokenizer.Load(args[0]);
            var ids = tokenizer.Encode("To be");
            System.Console.Write($"{tokenizer.Decode(ids)} {System.Linq.Enumerable.Count(model.GenerateIds(ids, new() { MaxNewTokens = 5, IgnoreEnd = true }))}");
            """);
        Run(project, "build", "app").Succeeded();
        Assert.Contains("To be 5", Run(project, "app/bin/Debug/net10.0/app.dll", project["model"]).Succeeded().WaitForOutput("To be 5"), StringComparison.Ordinal);
    }

    [Fact]
    public void Packages_say_what_they_are_and_hold_what_they_need()
    {
        string[] expected = ["Gptq.Build", "Gptq.Numerics", "Gptq.Runtime", "Gptq.Tokenizers", "Gptq.Tool"];
        Assert.Equal(expected, feed.Packages.Select(path => Path.GetFileName(path)[..^($".{feed.Version}.nupkg".Length)]).Order(StringComparer.Ordinal));
        foreach (var path in feed.Packages)
        {
            using var package = ZipFile.OpenRead(path);
            Assert.NotNull(package.GetEntry("README.md"));
            var assemblies = package.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("lib/", StringComparison.Ordinal) && name.EndsWith(".dll", StringComparison.Ordinal)).ToArray();
            foreach (var assembly in assemblies) Assert.NotNull(package.GetEntry(Path.ChangeExtension(assembly, ".xml")));
            using var symbols = assemblies.Length == 0 ? null : ZipFile.OpenRead(Path.ChangeExtension(path, ".snupkg"));
            foreach (var assembly in assemblies) Assert.NotNull(symbols!.GetEntry(Path.ChangeExtension(assembly, ".pdb")));
        }
        using var build = ZipFile.OpenRead(feed.Packages.Single(path => Path.GetFileName(path).StartsWith("Gptq.Build.", StringComparison.Ordinal)));
        foreach (var name in (string[])["Sdk/Sdk.props", "Sdk/Sdk.targets", "build/Gptq.Build.props", "build/Gptq.Build.targets", "build/rules/QuantizeModel.xaml", "buildMultiTargeting/Gptq.Build.targets",
            "tasks/netstandard2.0/Gptq.Build.Tasks.dll", "tools/net10.0/gptq.dll", "tools/net10.0/gptq.runtimeconfig.json", "tools/net10.0/runtimes/linux-x64/native/libonnxruntime.so"])
            Assert.NotNull(build.GetEntry(name));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(TestPaths.RepositoryRoot, "sdk"), "*.dll", SearchOption.AllDirectories));
    }

    private static BuildRun Run(TempFolder project, params string[] arguments) =>
        BuildRun.Start(project.Path, Path.Combine(project.Beside, "run.binlog"), arguments).WaitForEnd();

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
