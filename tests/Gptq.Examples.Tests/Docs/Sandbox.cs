using System.Collections.Immutable;

namespace Gptq.Examples.Tests.Docs;

/// <summary>
/// A reader's machine: a new home, the packages as <c>dotnet pack</c> makes them, a hub that has every model, and a folder that looks like a clone. Nothing of it
/// asks the network: other packages come from the user's own packages folder.
/// </summary>
public sealed class Sandbox : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("gptq-examples-").FullName;
    private LoopbackHub? _hub;

    /// <summary>The reader's home.</summary>
    public string Home => Path.Combine(_root, "home");

    /// <summary>The environment of commands there.</summary>
    internal ImmutableDictionary<string, string?> Environment { get; private set; } = [];

    private string Packages => Path.Combine(_root, "packages");

    private string Tools => Path.Combine(_root, "tools");

    /// <summary>A new folder.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    /// <summary>A new folder with the packages, the samples and the sources where a clone has them, and a text.</summary>
    public string NewClone(string name)
    {
        var folder = NewFolder(name);
        Directory.CreateDirectory(Path.Combine(folder, "artifacts", "onnxruntime"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "artifacts", "packages"), Packages);
        foreach (var same in (string[])["samples", "src", "artifacts/onnxruntime/feed"])
            Directory.CreateSymbolicLink(Path.Combine(folder, same), Path.Combine(TestPaths.RepositoryRoot, same));
        File.Copy(Path.Combine(TestPaths.RepositoryRoot, "samples/MixedPrecision/held-out.txt"), Path.Combine(folder, "test.txt"));
        return folder;
    }

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(Home, ".nuget", "NuGet"));
        var packages = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Assert.False(Directory.Exists(Path.Combine(packages, "gptq.build")), $"An older Gptq.Build in {packages} would be taken for the one under test.");
        await File.WriteAllTextAsync(Path.Combine(Home, ".nuget", "NuGet", "NuGet.Config"), $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="packages under test" value="{Packages}" />
                <add key="ONNX Runtime" value="{TestPaths.RepositoryRoot}/artifacts/onnxruntime/feed" />
              </packageSources>
              <fallbackPackageFolders>
                <add key="user" value="{packages}" />
              </fallbackPackageFolders>
            </configuration>
            """);
        _hub = await LoopbackHub.StartAsync();
        Environment = ImmutableDictionary<string, string?>.Empty
            .Add("HOME", Home).Add("DOTNET_CLI_HOME", Home).Add("NUGET_PACKAGES", null).Add("XDG_CACHE_HOME", null).Add("XDG_DATA_HOME", null)
            .Add("HF_ENDPOINT", _hub.Endpoint.ToString().TrimEnd('/')).Add("HF_HOME", null).Add("HF_HUB_CACHE", null).Add("HF_HUB_OFFLINE", null).Add("HF_TOKEN", null)
            .Add("PATH", string.Join(Path.PathSeparator, Path.Combine(Home, ".dotnet", "tools"), Tools, System.Environment.GetEnvironmentVariable("PATH")));
        using (await RepositoryLock.TakeAsync()) await PackAsync();
        // Most pages take it for granted.
        using var install = RunningCommand.Start(_root, Environment, "dotnet", "tool", "install", "Gptq.Tool", "--tool-path", Tools);
        Assert.True(await install.WaitForEndAsync(CancellationToken.None) == 0, install.Output);
    }

    public async ValueTask DisposeAsync()
    {
        if (_hub is not null) await _hub.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private async Task PackAsync()
    {
        foreach (var project in (string[])["src/Gptq.Numerics", "src/Gptq.Tokenizers", "src/Gptq.Runtime", "src/Gptq.Tool", "sdk"])
        {
            using var pack = RunningCommand.Start(
                TestPaths.RepositoryRoot, null, "dotnet", "pack", project, "-c", Configuration, "-nologo", "-o", Packages);
            Assert.True(await pack.WaitForEndAsync(CancellationToken.None) == 0, pack.Output);
        }
    }

    /// <summary>As the tests are, so that what is built already is packed.</summary>
    public static string Configuration =>
#if DEBUG
        "Debug";
#else
        "Release";
#endif
}
