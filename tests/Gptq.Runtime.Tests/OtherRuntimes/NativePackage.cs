using System.IO.Compression;
using Gptq.Tests;

[assembly: AssemblyFixture(typeof(Gptq.Runtime.Tests.OtherRuntimes.NativePackage))]

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>The package Gptq.Runtime.Native.*, packed once for all tests where the toolchain allows, and its libraries.</summary>
public sealed class NativePackage : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-native-").FullName;
    private readonly Lazy<Task<string?>> _packed;

    public NativePackage() => _packed = new Lazy<Task<string?>>(PackAsync);

    /// <summary>The package's file. Skips the running test, saying so, where it cannot be made.</summary>
    public async Task<string> PackageAsync()
    {
        var reason = await _packed.Value;
        Assert.SkipWhen(reason is not null, reason ?? "");
        return Directory.GetFiles(_folder, "*.nupkg").Single();
    }

    /// <summary>Copies a library into a folder of its own, alone or with what the package has beside it.</summary>
    /// <param name="alone">Whether the other instruction sets' libraries stay behind.</param>
    public async Task<string> LibraryAsync(bool alone)
    {
        var package = await PackageAsync();
        var folder = Directory.CreateDirectory(Path.Combine(_folder, Path.GetRandomFileName())).FullName;
        using var archive = await ZipFile.OpenReadAsync(package);
        foreach (var entry in archive.Entries.Where(entry => entry.FullName.Contains("/native/", StringComparison.Ordinal)))
            if (!alone || Path.GetFileNameWithoutExtension(entry.Name) == "gptq_operators") await entry.ExtractToFileAsync(Path.Combine(folder, entry.Name));
        return Directory.EnumerateFiles(folder).Single(file => Path.GetFileNameWithoutExtension(file) == "gptq_operators");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Null, or why there is no package.</summary>
    private async Task<string?> PackAsync()
    {
        var pack = (await ExternalProgram.RunAsync(
            TestPaths.RepositoryRoot, TimeSpan.FromMinutes(8), "dotnet", "pack", "src/Gptq.Runtime.Native/Package", "-o", _folder, "-nologo", "-tl:off")).Succeeded();
        return pack.Output.Split('\n').FirstOrDefault(line => line.Contains("is not packed", StringComparison.Ordinal))?.Trim();
    }
}
