using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;

namespace Gptq.Build.Tests.Integration;

/// <summary>What packing the sources gives where they come from a hosted repository: the smallest of the packages, whose settings are those of all.</summary>
[Trait("Category", "Integration")]
public sealed class ReproducibilityTests
{
    private const string Project = "src/Gptq.Tokenizers";

    // Microsoft's number for the JSON that maps sources to addresses, in a portable PDB.
    private static readonly Guid s_sourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    [Fact]
    public void Two_checkouts_give_the_same_package_and_debuggers_find_its_sources()
    {
        using var first = Checkout();
        using var second = Checkout();

        foreach (var checkout in (TempFolder[])[first, second]) Pack(checkout);

        var commit = Git(first, "rev-parse", "HEAD").Trim();
        foreach (var name in (string[])["Gptq.Tokenizers.0.1.0.nupkg", "Gptq.Tokenizers.0.1.0.snupkg"])
            Assert.Equal(File.ReadAllBytes(first["out/" + name]), File.ReadAllBytes(second["out/" + name]));

        using var package = ZipFile.OpenRead(first["out/Gptq.Tokenizers.0.1.0.nupkg"]);
        Assert.NotNull(package.GetEntry("README.md"));
        Assert.NotNull(package.GetEntry("lib/net10.0/Gptq.Tokenizers.xml"));
        Assert.Contains($"""<repository type="git" url="https://github.com/example/gptq.git" branch="refs/heads/main" commit="{commit}" />""", Text(package, "Gptq.Tokenizers.nuspec"), StringComparison.Ordinal);

        using var symbols = ZipFile.OpenRead(first["out/Gptq.Tokenizers.0.1.0.snupkg"]);
        var link = SourceLink(symbols.GetEntry("lib/net10.0/Gptq.Tokenizers.pdb")!);
        Assert.Contains($"https://raw.githubusercontent.com/example/gptq/{commit}/", link, StringComparison.Ordinal);
        Assert.DoesNotContain(first.Path, link, StringComparison.Ordinal);
    }

    /// <summary>A copy of what the project needs, in a repository with a remote.</summary>
    private static TempFolder Checkout()
    {
        var checkout = new TempFolder("checkout");
        var root = TestPaths.RepositoryRoot;
        string[] files = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", ".editorconfig", "src/Directory.Build.props"];
        foreach (var file in files.Concat(Directory.GetFiles(Path.Combine(root, Project), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(root, path))))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(checkout[file])!);
            File.Copy(Path.Combine(root, file), checkout[file]);
        }
        Git(checkout, "init", "--quiet", "--initial-branch=main", ".");
        Git(checkout, "add", "--all");
        Git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message=all", "--date=2026-01-01T00:00:00Z");
        Git(checkout, "remote", "add", "origin", "https://github.com/example/gptq.git");
        return checkout;
    }

    private static void Pack(TempFolder checkout) =>
        BuildRun.Start(checkout.Path, Path.Combine(checkout.Beside, "pack.binlog"), ["pack", Project, "-c", "Release", "-p:ContinuousIntegrationBuild=true", "-o", "out"]).WaitForEnd().Succeeded();

    private static string SourceLink(ZipArchiveEntry pdb)
    {
        using var memory = new MemoryStream();
        using (var stream = pdb.Open()) stream.CopyTo(memory);
        memory.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(memory);
        var reader = provider.GetMetadataReader();
        return reader.GetCustomDebugInformation(EntityHandle.ModuleDefinition)
            .Select(reader.GetCustomDebugInformation)
            .Where(information => reader.GetGuid(information.Kind) == s_sourceLink)
            .Select(information => Encoding.UTF8.GetString(reader.GetBlobBytes(information.Value)))
            .Single();
    }

    private static string Text(ZipArchive package, string entry)
    {
        using var reader = new StreamReader(package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }

    private static string Git(TempFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder.Path, RedirectStandardOutput = true };
        // The same commit in both checkouts, and nothing of the user's settings.
        start.Environment["GIT_COMMITTER_DATE"] = "2026-01-01T00:00:00Z";
        start.Environment["GIT_CONFIG_GLOBAL"] = "";
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return output;
    }
}
