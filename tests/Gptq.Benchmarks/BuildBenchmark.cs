using System.CommandLine;
using System.Diagnostics;

namespace Gptq.Benchmarks;

/// <summary>A build that has nothing to do, of an app with a QuantizeModel item against the same app without: what the item costs every day.</summary>
internal sealed class BuildBenchmark : IBenchmark
{
    private static readonly Option<int> s_runs = new("--runs") { DefaultValueFactory = _ => 7, Description = "Timed builds of each." };

    public Command CreateCommand()
    {
        var command = new Command("build", "A build with nothing to do, with and without a QuantizeModel item.") { s_runs };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"gptq-benchmark-{Guid.NewGuid():N}");
        try
        {
            Write(Path.Combine(folder, "Directory.Packages.props"), "<Project />");
            var with = App(folder, "with", item: true);
            var without = App(folder, "without", item: false);
            foreach (var app in (string[])[with, without]) Build(app);
            var seconds = Measure.Interleaved(arguments.GetValue(s_runs), () => Build(without, "--no-restore"), () => Build(with, "--no-restore"));
            new Report()
                .Add("without_ms", seconds[0] * 1e3)
                .Add("with_ms", seconds[1] * 1e3)
                .Add("overhead_ms", (seconds[1] - seconds[0]) * 1e3)
                .Add("with_over_without", seconds[1] / seconds[0])
                .Write(arguments);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string App(string folder, string name, bool item)
    {
        var root = RepositoryRoot();
        // The engine and the tasks of the build that this benchmark is of.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var bin = Path.Combine(root, "artifacts", "bin");
        var project = Path.Combine(folder, name, "app.csproj");
        Write(project, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
                <GptqTasksAssembly>{bin}/Gptq.Build.Tasks/{configuration}/Gptq.Build.Tasks.dll</GptqTasksAssembly>
                <GptqEngine>{bin}/Gptq.Tool/{configuration}/gptq.dll</GptqEngine>
                <GptqCacheDirectory>{folder}/cache</GptqCacheDirectory>
              </PropertyGroup>
              {(item ? $"""<ItemGroup><QuantizeModel Include="{root}/samples/models/bard-opt" CalibrationSamples="4" SequenceLength="64" /></ItemGroup>""" : "")}
            </Project>
            """);
        foreach (var kind in (string[])["props", "targets"])
            Write(Path.Combine(folder, name, "Directory.Build." + kind), item ? $"""<Project><Import Project="{root}/sdk/build/Gptq.Build.{kind}" /></Project>""" : "<Project />");
        Write(Path.Combine(folder, name, "Program.cs"), "System.Console.WriteLine();");
        return project;
    }

    private static void Build(string project, params string[] switches)
    {
        var start = new ProcessStartInfo("dotnet", ["build", project, "-nologo", "-v:q", .. switches]) { RedirectStandardOutput = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var build = Process.Start(start)!;
        var output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        if (build.ExitCode != 0) throw new InvalidOperationException(output);
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gptq.Build.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Run this from a build inside the repository.");
    }

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
