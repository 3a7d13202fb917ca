namespace Gptq.Build.Tests;

/// <summary>The packages of this repository in a folder feed, packed once for all tests that install them, and a packages folder of their own to install into.</summary>
public sealed class PackageFeed : IDisposable
{
    private static readonly string[] s_projects =
        ["src/Gptq.Numerics/Gptq.Numerics.csproj", "src/Gptq.Tokenizers/Gptq.Tokenizers.csproj", "src/Gptq.Runtime/Gptq.Runtime.csproj", "src/Gptq.Tool/Gptq.Tool.csproj", "sdk/Gptq.Build.csproj"];

    private readonly TempFolder _folder = new("feed");

    /// <summary>Packs.</summary>
    public PackageFeed()
    {
        using var turn = RepositoryLock.TakeAsync().GetAwaiter().GetResult();
        foreach (var project in s_projects)
            BuildRun.Start(TestPaths.RepositoryRoot, Path.Combine(_folder.Beside, "pack.binlog"),
                ["pack", Path.Combine(TestPaths.RepositoryRoot, project), "-c", TestSolution.Metadata("Configuration"), "-o", _folder.Path]).WaitForEnd().Succeeded();
    }

    /// <summary>The version of the packages.</summary>
    public string Version => Path.GetFileNameWithoutExtension(Directory.GetFiles(_folder.Path, "Gptq.Build.*.nupkg").Single())["Gptq.Build.".Length..];

    /// <summary>A nuget.config for a project outside of the repository: what the repository restores from, and this feed.</summary>
    public string NuGetConfig => $"""
        <configuration>
          <config>
            <add key="globalPackagesFolder" value="{_folder.Beside}/packages" />
          </config>
          <fallbackPackageFolders>
            <add key="user" value="{Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages")}" />
          </fallbackPackageFolders>
          <packageSources>
            <add key="gptq" value="{_folder.Path}" />
            <add key="onnxruntime" value="{TestPaths.RepositoryRoot}/artifacts/onnxruntime/feed" />
          </packageSources>
        </configuration>
        """;

    /// <summary>The .nupkg files.</summary>
    public string[] Packages => Directory.GetFiles(_folder.Path, "*.nupkg");

    /// <summary>Deletes the feed.</summary>
    public void Dispose() => _folder.Dispose();
}
