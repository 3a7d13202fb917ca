using System.Text.Json;

namespace Gptq.Examples.Tests.Docs;

/// <summary>Every block of README, docs and samples is run, built or compiled, or says why not.</summary>
public sealed class PageTests(Sandbox sandbox) : IClassFixture<Sandbox>
{
    public static TheoryData<string> Pages => [.. MarkdownPage.Names.Where(name => MarkdownPage.Load(name).Blocks.Count > 0)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task What_a_page_says_works(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The commands are written for a POSIX shell.");
        var cancellation = TestContext.Current.CancellationToken;
        var page = MarkdownPage.Load(name);
        var blocks = page.Blocks.Where(block => block.IsRun).ToList();
        var ofSample = name.StartsWith("samples/", StringComparison.Ordinal);

        foreach (var block in blocks.Where(block => block.Language == "json")) JsonDocument.Parse(block.Text).Dispose();
        var projects = blocks.Where(block => block.IsProject && !block.IsFile).ToList();
        foreach (var project in projects) await RunAppAsync(project, ProgramOf(project, blocks), cancellation);
        var fragments = blocks.Where(block => block.Language == "xml" && !block.IsFile && !block.IsProject).ToList();
        if (ofSample) Assert.All(fragments, StandsInAProject);
        else if (fragments.Count > 0) await ProjectFragments.BuildAsync(fragments, sandbox.NewFolder(Flat(name) + ".xml"), sandbox.Environment, cancellation);
        var pieces = blocks.Where(block => block.Language == "csharp" && !block.IsFile).Except(projects.Select(project => ProgramOf(project, blocks)).OfType<CodeBlock>()).ToList();
        if (pieces.Count > 0) await CSharpPieces.CompileAsync(pieces, sandbox.NewFolder(Flat(name) + ".csharp"), sandbox.Environment, cancellation);

        // Samples and the README's commands are for a clone, which has the packages of its user; other pages are for the reader's machine.
        var inRepository = ofSample || name == "README.md";
        var shell = inRepository ? new Shell(TestPaths.RepositoryRoot, null) : new Shell(sandbox.NewClone(Flat(name)), sandbox.Environment);
        foreach (var block in blocks.Where(block => block.IsFile || block.IsCommands))
        {
            if (block["file"] is { } file)
            {
                await File.WriteAllTextAsync(Path.Combine(shell.Folder, file), block.Text, cancellation);
                continue;
            }
            using var turn = inRepository ? await RepositoryLock.TakeAsync() : null;
            await shell.RunAsync(block, cancellation);
        }
    }

    /// <summary>The C# that follows a project file.</summary>
    private static CodeBlock? ProgramOf(CodeBlock project, List<CodeBlock> blocks) =>
        blocks.ElementAtOrDefault(blocks.IndexOf(project) + 1) is { Language: "csharp", IsFile: false } next ? next : null;

    /// <summary>A whole project file, with its program where one follows, in an empty folder.</summary>
    private async Task RunAppAsync(CodeBlock project, CodeBlock? program, CancellationToken cancellation)
    {
        var folder = sandbox.NewFolder(Flat(project.Page) + $".{project.Line}");
        // What a page shows is the essence: `dotnet new console` adds implicit usings.
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Build.props"), "<Project><PropertyGroup><ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>", cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "app.csproj"), project.Text, cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program?.Text ?? "Console.WriteLine();", cancellation);
        await new Shell(folder, sandbox.Environment).RunAsync(project, "dotnet run", cancellation);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(folder, "bin"), "model.onnx", SearchOption.AllDirectories));
    }

    private static string Flat(string name) => name.Replace('/', '-');

    /// <summary>What a sample's README shows of its project file stands in it.</summary>
    private static void StandsInAProject(CodeBlock block)
    {
        var projects = Directory.EnumerateFiles(Path.GetDirectoryName(Path.Combine(TestPaths.RepositoryRoot, block.Page))!, "*.csproj", SearchOption.AllDirectories);
        var text = string.Join('\n', projects.Select(File.ReadAllText));
        foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            Assert.True(text.Contains(line, StringComparison.Ordinal), $"{block} shows what is in no project file: {line}");
    }
}
