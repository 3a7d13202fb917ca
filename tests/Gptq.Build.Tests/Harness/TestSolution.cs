using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Gptq.Build.Tests;

/// <summary>
/// Projects in a temporary folder, built by the real <c>dotnet</c> with the build files of sdk/ and the fake engine. One checkpoint, tiny, is there
/// from the start: models/tiny.
/// </summary>
internal sealed class TestSolution : IDisposable
{
    private static readonly string s_sdk = Path.Combine(TestPaths.RepositoryRoot, "sdk");
    private readonly TempFolder _folder;
    private int _builds;

    public TestSolution(string name = "project")
    {
        _folder = new(name);
        // The order in which NuGet would import a package's files.
        _folder.Write("Directory.Build.props", $"""
            <Project>
              <PropertyGroup>
                <GptqTasksAssembly>{Metadata("TasksAssembly")}</GptqTasksAssembly>
                <GptqEngine>{Metadata("FakeEngine")}</GptqEngine>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <Import Project="{s_sdk}/build/Gptq.Build.props" />
            </Project>
            """);
        _folder.Write("Directory.Build.targets", $"""<Project><Import Project="{s_sdk}/build/Gptq.Build.targets" /></Project>""");
        _folder.Write("Directory.Packages.props", "<Project />");
        AddCheckpoint("models/tiny");
    }

    public TempFolder Files => _folder;

    /// <summary>What builds find in their environment besides the usual.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string this[string relative] => _folder[relative];

    /// <summary>A value that the project file of the tests hands over.</summary>
    public static string Metadata(string key) => typeof(TestSolution).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(entry => entry.Key == key).Value!;

    /// <summary>A folder that looks like a checkpoint; the script is what the fake engine does with it.</summary>
    public void AddCheckpoint(string path, string? script = null)
    {
        _folder.Write(path + "/config.json", "{}");
        _folder.Write(path + "/model.safetensors", "weights");
        if (script is not null) _folder.Write(path + "/engine.txt", script);
    }

    /// <summary>Writes app.csproj, a console app with these items and properties.</summary>
    public void WriteApp(string items, string properties = "", string program = "System.Console.WriteLine();", string path = "app.csproj")
    {
        _folder.Write(path, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                {items}
              </ItemGroup>
            </Project>
            """);
        _folder.Write(Path.Combine(Path.GetDirectoryName(path)!, "Program.cs"), program);
    }

    /// <summary>Runs <c>dotnet build</c>, or another command, in the folder.</summary>
    public BuildRun Build(params string[] arguments) => Dotnet(["build", .. arguments]);

    public BuildRun Dotnet(params string[] arguments) => Start(arguments).WaitForEnd();

    /// <summary>Starts <c>dotnet</c> and does not wait.</summary>
    public BuildRun Start(params string[] arguments)
    {
        var log = Path.Combine(_folder.Beside, $"{Interlocked.Increment(ref _builds)}.binlog");
        return BuildRun.Start(_folder.Path, log, arguments, Environment);
    }

    /// <summary>What the engine was called with, one entry a run.</summary>
    public IReadOnlyList<Dictionary<string, string>> EngineRuns(string project = "") =>
        File.Exists(_folder[Path.Combine(project, "engine.log")])
            ? [.. File.ReadAllLines(_folder[Path.Combine(project, "engine.log")]).Select(line => JsonSerializer.Deserialize<Dictionary<string, string>>(line)!)]
            : [];

    /// <summary>The names of the models that the engine was run for since the last call.</summary>
    public string[] NewEngineRuns(string project = "")
    {
        var runs = EngineRuns(project).Select(run => run["--name"]).ToArray();
        File.Delete(_folder[Path.Combine(project, "engine.log")]);
        return runs;
    }

    public void Dispose() => _folder.Dispose();
}
