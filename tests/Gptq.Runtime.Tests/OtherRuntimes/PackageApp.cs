using System.Runtime.InteropServices;
using System.Xml.Linq;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>A console application outside of the repository that installs packages from folder feeds.</summary>
internal sealed class PackageApp : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-app-").FullName;

    /// <summary>Writes the project.</summary>
    /// <param name="items">PackageReference elements and the like.</param>
    /// <param name="program">Program.cs.</param>
    /// <param name="feeds">Folders with packages, besides those that this machine's configuration and the repository use.</param>
    public PackageApp(string items, string program, params string[] feeds)
    {
        string[] sources = [.. feeds, Path.Combine(TestPaths.RepositoryRoot, "artifacts", "onnxruntime", "feed")];
        Directory.CreateDirectory(sources[^1]);
        // What is under test is installed beside the user's packages, never among them: its version is always the same.
        var users = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(Path.Combine(_folder, "App.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestorePackagesPath>{Path.Combine(_folder, "packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{users}</RestoreFallbackFolders>
                <RestoreAdditionalProjectSources>{string.Join(';', sources)}</RestoreAdditionalProjectSources>
              </PropertyGroup>
              <ItemGroup>
            {items}
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(_folder, "Program.cs"), program);
    }

    /// <summary>The version that the repository uses.</summary>
    public static string OnnxRuntimeVersion { get; } =
        XDocument.Load(Path.Combine(TestPaths.RepositoryRoot, "Directory.Packages.props")).Descendants("OnnxRuntimeVersion").Single().Value;

    /// <summary>The application's folder.</summary>
    public string Folder => _folder;

    /// <summary>Builds it and runs it.</summary>
    public Task<ExternalProgram> RunAsync(params string[] arguments) =>
        ExternalProgram.RunAsync(_folder, TimeSpan.FromMinutes(4), "dotnet", ["run", "--", .. arguments]);

    /// <summary>Publishes it for this platform.</summary>
    /// <param name="properties">MSBuild's switches.</param>
    public Task<ExternalProgram> PublishAsync(params string[] properties) => ExternalProgram.RunAsync(
        _folder, TimeSpan.FromMinutes(6), "dotnet", ["publish", "-r", RuntimeInformation.RuntimeIdentifier, "-o", "out", "-nologo", "-tl:off", .. properties]);

    /// <summary>Runs what was published.</summary>
    public Task<ExternalProgram> RunPublishedAsync(params string[] arguments) =>
        ExternalProgram.RunAsync(_folder, TimeSpan.FromMinutes(2), Path.Combine(_folder, "out", OperatingSystem.IsWindows() ? "App.exe" : "App"), arguments);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
