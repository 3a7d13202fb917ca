namespace Gptq.Examples.Tests.Docs;

/// <summary>A fenced block of a page, and what the comments directly above it say about running it.</summary>
/// <remarks>
/// <c>not run: reason</c>; <c>file: path</c> writes it into the folder where the page's commands are; <c>fails: code</c> expects a failure; <c>prints: reason</c>
/// says why the output that is shown is not compared; <c>given: parameters</c> declares what a piece of C# takes from around it.
/// </remarks>
internal sealed record CodeBlock(string Page, int Line, string Language, string Text, IReadOnlyDictionary<string, string> Notes)
{
    /// <summary>Names of notes.</summary>
    public static IReadOnlyList<string> NoteNames { get; } = ["not run", "file", "fails", "given", "prints"];

    public bool IsRun => !Notes.ContainsKey("not run");

    public bool IsFile => Notes.ContainsKey("file");

    /// <summary>Whether it is a whole project file, which is tried as an app of its own.</summary>
    public bool IsProject => Language == "xml" && Text.StartsWith("<Project Sdk=", StringComparison.Ordinal);

    public bool IsCommands => Language is "sh" or "console";

    public string? this[string note] => Notes.GetValueOrDefault(note);

    public override string ToString() => $"{Page}:{Line}";
}
