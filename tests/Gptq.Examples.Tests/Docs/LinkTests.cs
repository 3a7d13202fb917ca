namespace Gptq.Examples.Tests.Docs;

/// <summary>Links between pages, to files and to headings lead somewhere.</summary>
public sealed class LinkTests
{
    [Fact]
    public void Every_relative_link_and_anchor_resolves()
    {
        var pages = MarkdownPage.Names.ToDictionary(name => name, MarkdownPage.Load);
        var dead = new List<string>();
        foreach (var page in pages.Values)
        foreach (var (line, target) in page.Links.Where(link => !link.Target.Contains("://", StringComparison.Ordinal)))
        {
            var parts = target.Split('#', 2);
            var folder = Path.GetDirectoryName(page.Name)!;
            var path = parts[0].Length == 0 ? page.Name : Path.GetRelativePath(TestPaths.RepositoryRoot, Path.Combine(TestPaths.RepositoryRoot, folder, parts[0])).Replace('\\', '/');
            if (!Path.Exists(Path.Combine(TestPaths.RepositoryRoot, path)) || (parts.Length == 2 && pages.TryGetValue(path, out var aim) && !aim.Anchors.Contains(parts[1])))
                dead.Add($"{page.Name}:{line}: {target}");
        }

        Assert.NotEmpty(pages["README.md"].Links);
        Assert.Empty(dead);
    }

    [Fact]
    public void Every_page_of_docs_is_reached_from_the_readme()
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>(["README.md"]);
        while (open.TryPop(out var name))
        {
            if (!reached.Add(name)) continue;
            foreach (var (_, target) in MarkdownPage.Load(name).Links.Where(link => !link.Target.Contains("://", StringComparison.Ordinal)))
            {
                var path = Path.GetRelativePath(TestPaths.RepositoryRoot, Path.Combine(TestPaths.RepositoryRoot, Path.GetDirectoryName(name)!, target.Split('#')[0])).Replace('\\', '/');
                if (path.EndsWith(".md", StringComparison.Ordinal)) open.Push(path);
            }
        }

        Assert.Empty(MarkdownPage.Names.Where(name => name.StartsWith("docs/", StringComparison.Ordinal) || name.StartsWith("samples/", StringComparison.Ordinal)).Except(reached));
    }
}
