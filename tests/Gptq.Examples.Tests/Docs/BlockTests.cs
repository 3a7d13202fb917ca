namespace Gptq.Examples.Tests.Docs;

/// <summary>What PageTests goes by: each block says what it is, or why it is not run.</summary>
public sealed class BlockTests
{
    private static readonly string[] s_languages = ["sh", "console", "xml", "csharp", "json", "text", "mermaid"];

    [Fact]
    public void Every_block_names_its_language_and_every_note_is_known()
    {
        var blocks = MarkdownPage.Names.SelectMany(name => MarkdownPage.Load(name).Blocks).ToList();

        Assert.All(blocks.Where(block => block.IsRun), block => Assert.Contains(block.Language, s_languages));
        Assert.All(blocks, block => Assert.Subset(CodeBlock.NoteNames.ToHashSet(), block.Notes.Keys.ToHashSet()));
        // After an empty line, text that is indented by four is a block as well, without a language.
        Assert.Empty(MarkdownPage.Names.SelectMany(name => MarkdownPage.Load(name).IndentedBlocks.Select(line => $"{name}:{line}")));
    }
}
