namespace Gptq.Tool.Tests;

/// <summary>One run of the whole command line, as the program's Main does it.</summary>
internal sealed record ToolRun(int Exit, string Output, string Error)
{
    public static async Task<ToolRun> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exit = await CommandEdge.InvokeAsync(CommandLine.Create().Parse(arguments), output, error);
        return new ToolRun(exit, output.ToString(), error.ToString());
    }
}
