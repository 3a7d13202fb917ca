using System.Text.RegularExpressions;

namespace Gptq.Examples.Tests.Docs;

/// <summary>A page of the documentation: its blocks, links and anchors.</summary>
internal sealed partial class MarkdownPage
{
    private MarkdownPage(string name, string[] lines)
    {
        Name = name;
        (Blocks, Prose) = Read(name, lines);
    }

    /// <summary>The path in the repository.</summary>
    public string Name { get; }

    public IReadOnlyList<CodeBlock> Blocks { get; }

    /// <summary>The lines outside of blocks, with their numbers.</summary>
    public IReadOnlyList<(int Line, string Text)> Prose { get; }

    /// <summary>Targets of links, with the line they stand on.</summary>
    public IEnumerable<(int Line, string Target)> Links =>
        Prose.SelectMany(line => Link().Matches(line.Text).Select(match => (line.Line, match.Groups[1].Value)));

    /// <summary>Names of headings, as links spell them.</summary>
    public IEnumerable<string> Anchors =>
        Prose.Select(line => Heading().Match(line.Text)).Where(match => match.Success)
            .Select(match => NotInAnchor().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>Lines where text begins that is a block because it is indented.</summary>
    public IEnumerable<int> IndentedBlocks =>
        Prose.Zip(Prose.Skip(1)).Where(pair => pair.First.Text.Length == 0 && pair.Second.Text.StartsWith("    ", StringComparison.Ordinal)).Select(pair => pair.Second.Line);

    /// <summary>Every page that readers are meant to find.</summary>
    public static IEnumerable<string> Names =>
        new[] { "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "sdk/README.md" }
            .Concat(Below("docs")).Concat(Below("samples")).Concat(Below("src"))
            .Order(StringComparer.Ordinal);

    public static MarkdownPage Load(string name) => new(name, File.ReadAllLines(Path.Combine(TestPaths.RepositoryRoot, name)));

    private static IEnumerable<string> Below(string folder) =>
        Directory.EnumerateFiles(Path.Combine(TestPaths.RepositoryRoot, folder), "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(TestPaths.RepositoryRoot, path).Replace('\\', '/'));

    private static (IReadOnlyList<CodeBlock> Blocks, IReadOnlyList<(int, string)> Prose) Read(string name, string[] lines)
    {
        var (blocks, prose) = (new List<CodeBlock>(), new List<(int, string)>());
        for (var i = 0; i < lines.Length; i++)
        {
            if (Fence().Match(lines[i]) is not { Success: true } fence)
            {
                prose.Add((i + 1, lines[i]));
                continue;
            }
            var notes = new Dictionary<string, string>();
            for (var above = i - 1; above >= 0 && Note().Match(lines[above]) is { Success: true } note; above--) notes.Add(note.Groups[1].Value, note.Groups[2].Value);
            var end = Array.IndexOf(lines, fence.Groups[1].Value + "```", i + 1);
            Assert.True(end > 0, $"{name}:{i + 1}: the block does not end.");
            var indent = fence.Groups[1].Length;
            blocks.Add(new CodeBlock(name, i + 1, fence.Groups[2].Value, string.Concat(lines[(i + 1)..end].Select(line => line[Math.Min(indent, line.Length)..] + "\n")), notes));
            i = end;
        }
        return (blocks, prose);
    }

    [GeneratedRegex(@"^( *)```(.*)$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^<!-- ([a-z ]+): (.+) -->$")]
    private static partial Regex Note();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchor();
}
