using System.Globalization;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>onnxruntime-node, which knows nothing of the gptq operators, runs every folder: those of the gptq operators by their functions.</summary>
public sealed class NodeTests(QuantizedFolders folders)
{
    private static readonly string s_scripts = Path.Combine(TestPaths.RepositoryRoot, "tests", "Gptq.Runtime.Tests", "OtherRuntimes", "node");
    private static readonly string s_packages = Path.Combine(TestPaths.RepositoryRoot, "artifacts", "onnxruntime-node");
    private static readonly Lazy<Task<string?>> s_installed = new(InstallAsync);

    [Theory]
    [InlineData("onnxruntime", 4)]
    [InlineData("portable", 4)]
    [InlineData("gptq", 4)]
    [InlineData("gptq", 3)]
    public async Task Gives_the_same_tokens(string operators, int bits)
    {
        var problem = await s_installed.Value;
        Assert.SkipWhen(problem is not null, problem ?? "");
        var folder = folders.Folder(operators, bits);
        var (prompt, continuation) = QuantizedFolders.Greedy(folder);

        string[] arguments =
        [
            Path.Combine(s_scripts, "generate.mjs"), s_packages, folder,
            .. prompt.Prepend(QuantizedFolders.TokenCount).Select(number => number.ToString(CultureInfo.InvariantCulture)),
        ];
        var run = (await ExternalProgram.RunAsync(folder, TimeSpan.FromMinutes(2), "node", arguments)).Succeeded();

        Assert.Equal(continuation, run.Output.Split(' ', StringSplitOptions.TrimEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)));
    }

    /// <summary>Null, or why the package is not there.</summary>
    private static async Task<string?> InstallAsync()
    {
        if (!ExternalProgram.Exists("node") || !ExternalProgram.Exists("npm")) return "Node.js is not installed.";
        Directory.CreateDirectory(s_packages);
        var ready = Path.Combine(s_packages, "ready");
        var lockFile = Path.Combine(s_scripts, "package-lock.json");
        if (File.Exists(ready) && await File.ReadAllTextAsync(ready) == await File.ReadAllTextAsync(lockFile)) return null;
        foreach (var file in new[] { Path.Combine(s_scripts, "package.json"), lockFile }) File.Copy(file, Path.Combine(s_packages, Path.GetFileName(file)), overwrite: true);
        var (program, first) = OperatingSystem.IsWindows() ? ("cmd", new[] { "/c", "npm" }) : ("npm", []);
        // The package's own script would fetch CUDA's libraries.
        var install = await ExternalProgram.RunAsync(s_packages, TimeSpan.FromMinutes(5), program, [.. first, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        if (install.ExitCode != 0) return "onnxruntime-node cannot be fetched: " + install.Errors;
        File.Copy(lockFile, ready, overwrite: true);
        return null;
    }
}
