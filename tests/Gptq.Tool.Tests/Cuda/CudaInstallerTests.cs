using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Gptq.Quantization;
using Gptq.Tool.Cuda;

namespace Gptq.Tool.Tests.Cuda;

/// <summary>Fetching the CUDA libraries, from a feed of packages that hold next to nothing.</summary>
public sealed class CudaInstallerTests : IDisposable
{
    private static readonly bool s_windows = OperatingSystem.IsWindows();
    private readonly string _root = Directory.CreateTempSubdirectory("gptq-cuda-").FullName;
    private readonly string _feed;
    private readonly CudaFolder _folder;

    public CudaInstallerTests()
    {
        _feed = Directory.CreateDirectory(Path.Combine(_root, "feed")).FullName;
        _folder = new CudaFolder(Path.Combine(_root, "cuda", "1.0"));
        File.WriteAllText(Path.Combine(_root, "NuGet.config"), $"""<configuration><packageSources><clear /><add key="feed" value="{_feed}" /></packageSources></configuration>""");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task TheLibrariesComeFromTheFeedIntoTheirFolderAndNowhereElse()
    {
        AddPackages(digestIsRight: true);
        var said = new List<string>();
        await new CudaInstaller(_folder).RunAsync(said.Add, TestContext.Current.CancellationToken);
        Assert.Null(_folder.Missing());
        Assert.NotNull(_folder.Native("onnxruntime_providers_cuda"));
        Assert.False(Directory.Exists(_folder.Path + ".work/packages"));
        Assert.Contains(said, line => line.StartsWith("fetching", StringComparison.Ordinal));

        said.Clear();
        await new CudaInstaller(_folder).RunAsync(said.Add, TestContext.Current.CancellationToken);
        Assert.Empty(said);
    }

    [Fact]
    public async Task ALibraryThatWasPutTogetherWrongIsNotInstalled()
    {
        AddPackages(digestIsRight: false);
        var exception = await Assert.ThrowsAsync<GptqException>(() => new CudaInstaller(_folder).RunAsync(_ => { }, TestContext.Current.CancellationToken));
        Assert.Equal("GPTQ6102", exception.Code);
        Assert.Contains("LibTorchSharp", exception.Message, StringComparison.Ordinal);
        Assert.NotNull(_folder.Missing());
    }

    [Fact]
    public async Task AFeedWithoutThePackagesIsAnErrorThatSaysWhichOneIsMissing()
    {
        var exception = await Assert.ThrowsAsync<GptqException>(() => new CudaInstaller(_folder).RunAsync(_ => { }, TestContext.Current.CancellationToken));
        Assert.Equal("GPTQ6102", exception.Code);
        Assert.Contains("Gptq.TorchSharp", exception.Message, StringComparison.Ordinal);
        Assert.NotNull(_folder.Missing());
    }

    [Fact]
    public void TheProjectNamesTheVersionsThatThisToolIsBuiltWith()
    {
        CudaInstaller.WriteProject(Path.Combine(_root, "project"));
        var packages = XElement.Load(Path.Combine(_root, "project", "cuda.csproj")).Descendants("PackageReference")
            .ToDictionary(package => package.Attribute("Include")!.Value, package => package.Attribute("Version")!.Value);
        Assert.Equal(3, packages.Count);
        Assert.Equal(CudaFolder.Version, packages["Gptq.TorchSharp"]);
        Assert.Equal(CudaInstaller.Versions.TorchSharp, packages[s_windows ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux"]);
    }

    private void AddPackages(bool digestIsRight)
    {
        // Any assembly serves; the project that takes them in compiles nothing.
        var assembly = File.ReadAllBytes(typeof(Gptq.Quantization.Solver.QuantizedLinear).Assembly.Location);
        var native = Encoding.UTF8.GetBytes("a native library");
        var digest = Encoding.UTF8.GetBytes(digestIsRight ? Convert.ToHexStringLower(SHA256.HashData(native)) : new string('0', 64));
        var (platform, prefix, suffix) = s_windows ? ("win-x64", "", ".dll") : ("linux-x64", "lib", ".so");
        var torch = $"runtimes/{platform}/native/{prefix}LibTorchSharp{suffix}";
        Pack("Gptq.TorchSharp", CudaFolder.Version, ("lib/net10.0/Gptq.TorchSharp.dll", assembly));
        Pack(s_windows ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux", CudaInstaller.Versions.TorchSharp, ("lib/net8.0/TorchSharp.dll", assembly), (torch, native), (torch + ".sha", digest));
        Pack(
            s_windows ? "Microsoft.ML.OnnxRuntime.Gpu.Windows" : "Microsoft.ML.OnnxRuntime.Gpu.Linux", CudaInstaller.Versions.OnnxRuntime,
            ($"runtimes/{platform}/native/{prefix}onnxruntime{suffix}", native), ($"runtimes/{platform}/native/{prefix}onnxruntime_providers_cuda{suffix}", native));
    }

    private void Pack(string id, string version, params (string Path, byte[] Content)[] files)
    {
        using var archive = ZipFile.Open(Path.Combine(_feed, $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        var specification = $"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata><id>{id}</id><version>{version}</version><authors>test</authors><description>test</description></metadata></package>
            """;
        foreach (var (path, content) in files.Append(($"{id}.nuspec", Encoding.UTF8.GetBytes(specification))))
        {
            using var stream = archive.CreateEntry(path).Open();
            stream.Write(content);
        }
    }
}
