using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Gptq.Quantization;
using Gptq.Quantization.Caching;

namespace Gptq.Tool.Cuda;

/// <summary>
/// Fetches the CUDA libraries with NuGet, once: a project of this tool's own, restored into a packages folder of its own, published into the
/// folder that they are loaded from.
/// </summary>
/// <remarks>
/// The packages of libtorch come in parts, which a build puts together inside the packages folder, without a lock, and leaves truncated
/// when the disk is full. Hence a private packages folder, one process at a time, and every library checked against the digest beside it.
/// </remarks>
internal sealed class CudaInstaller(CudaFolder folder)
{
    private const int KeptLines = 15;

    /// <summary>The versions that belong together (Directory.Packages.props).</summary>
    internal static (string TorchSharp, string OnnxRuntime) Versions { get; } = (Metadata("TorchSharpVersion"), Metadata("OnnxRuntimeVersion"));

    /// <summary>Fetches them, unless another process just did.</summary>
    /// <exception cref="GptqException">GPTQ6102: they can't be fetched.</exception>
    public async Task RunAsync(Action<string> report, CancellationToken cancellation)
    {
        var work = folder.Path + ".work";
        Directory.CreateDirectory(work);
        using var alone = await FileLock.AcquireAsync(
            Path.Combine(work, "lock"), () => report("waiting for another process that fetches the CUDA libraries"), cancellation).ConfigureAwait(false);
        if (folder.Missing() is null) return;
        var (project, packages, output) = (Path.Combine(work, "project"), Path.Combine(work, "packages"), Path.Combine(work, "output"));
        WriteProject(project);
        report("fetching the CUDA libraries, about 3 GB, once");
        await PublishAsync(project, packages, output, report, cancellation).ConfigureAwait(false);
        report("checking the CUDA libraries");
        CheckDigests(packages);
        if (new CudaFolder(output).Missing() is { } missing) throw Failure($"after the restore, {missing}");
        if (Directory.Exists(folder.Path)) Directory.Delete(folder.Path, recursive: true);
        Directory.Move(output, folder.Path);
        Directory.Delete(packages, recursive: true);
    }

    /// <summary>Writes the project, and what keeps the build files of folders around it out.</summary>
    internal static void WriteProject(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (var file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            new XElement("Project").Save(Path.Combine(directory, file));
        var platform = OperatingSystem.IsWindows() ? "win-x64" : "linux-x64";
        var (torch, onnxRuntime) = OperatingSystem.IsWindows()
            ? ("TorchSharp-cuda-windows", "Microsoft.ML.OnnxRuntime.Gpu.Windows")
            : ("TorchSharp-cuda-linux", "Microsoft.ML.OnnxRuntime.Gpu.Linux");
        new XElement(
            "Project", new XAttribute("Sdk", "Microsoft.NET.Sdk"),
            new XElement(
                "PropertyGroup",
                new XElement("TargetFramework", "net10.0"),
                new XElement("RuntimeIdentifier", platform),
                new XElement("SelfContained", "false"),
                new XElement("EnableDynamicLoading", "true"),
                // Gigabytes are better linked than copied.
                new XElement("CreateHardLinksForCopyFilesToOutputDirectoryIfPossible", "true"),
                new XElement("CreateHardLinksForPublishFilesIfPossible", "true"),
                new XElement("ErrorOnDuplicatePublishOutputFiles", "false")),
            new XElement(
                "ItemGroup",
                Package("Gptq.TorchSharp", CudaFolder.Version), Package(torch, Versions.TorchSharp), Package(onnxRuntime, Versions.OnnxRuntime)))
            .Save(Path.Combine(directory, "cuda.csproj"));
    }

    /// <summary>Checks every library that has a digest beside it.</summary>
    /// <exception cref="GptqException">GPTQ6102: one is damaged.</exception>
    internal static void CheckDigests(string packages)
    {
        foreach (var digest in Directory.EnumerateFiles(packages, "*.sha", SearchOption.AllDirectories))
        {
            var file = digest[..^".sha".Length];
            if (!File.Exists(file)) continue;
            using var stream = File.OpenRead(file);
            var actual = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (!actual.Equals(File.ReadAllText(digest).Trim(), StringComparison.OrdinalIgnoreCase))
                throw Failure($"{Path.GetFileName(file)} was not put together right; there may have been too little room on the disk or in the folder for temporary files");
        }
    }

    private static XElement Package(string name, string version) => new("PackageReference", new XAttribute("Include", name), new XAttribute("Version", version));

    private static async Task PublishAsync(string project, string packages, string output, Action<string> report, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet")
        {
            WorkingDirectory = project,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["publish", "cuda.csproj", "-c", "Release", "-o", output, "-m:1", "-nologo", "-v", "minimal", "--disable-build-servers"])
            start.ArgumentList.Add(argument);
        start.Environment["NUGET_PACKAGES"] = packages;
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        // Set by the build that started this process, these would change what that project means.
        foreach (var name in (string[])["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath"]) start.Environment.Remove(name);

        var lines = new Queue<string>();
        using var process = new Process { StartInfo = start };
        void Keep(string? line)
        {
            if (string.IsNullOrWhiteSpace(line)) return;
            lock (lines)
            {
                if (lines.Count == KeptLines) lines.Dequeue();
                lines.Enqueue(line.Trim());
            }
        }
        process.OutputDataReceived += (_, data) => Keep(data.Data);
        process.ErrorDataReceived += (_, data) => Keep(data.Data);
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw Failure($"dotnet does not start ({exception.Message})");
        }
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode == 0) return;
        var said = new StringBuilder();
        lock (lines) said.AppendJoin(' ', lines.Where(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)).Distinct().DefaultIfEmpty(lines.LastOrDefault() ?? "nothing"));
        report("the CUDA libraries could not be fetched");
        throw Failure($"the restore ended with {process.ExitCode} and said: {said}");
    }

    private static GptqException Failure(string why) => new(
        "GPTQ6102",
        $"The CUDA libraries can't be fetched: {why}. Check that the package feed has TorchSharp and Microsoft.ML.OnnxRuntime.Gpu and that the disk has 8 GB of room, then run gptq cuda install; or use Device=auto or cpu.");

    private static string Metadata(string key) => typeof(CudaInstaller).Assembly
        .GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), false).Cast<System.Reflection.AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
