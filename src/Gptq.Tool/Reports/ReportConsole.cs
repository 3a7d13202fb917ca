using System.Globalization;
using Spectre.Console;

namespace Gptq.Tool.Reports;

/// <summary>Where tables are printed: as wide as the terminal, or as wide as they are where there is none.</summary>
internal static class ReportConsole
{
    private const int WidthWithoutTerminal = 200;

    // The names of layers leave little of 80 columns.
    private static readonly Padding Narrow = new(0, 0, 1, 0);

    public static IAnsiConsole Create(TextWriter output)
    {
        var terminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (!terminal) console.Profile.Width = WidthWithoutTerminal;
        return console;
    }

    /// <summary>A table without lines between rows.</summary>
    /// <param name="texts">The first columns' names.</param>
    /// <param name="numbers">The names of those behind, which are set to the right and never broken.</param>
    public static Table NewTable(IEnumerable<string> texts, params IEnumerable<string> numbers)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var name in texts) table.AddColumn(new TableColumn(new Text(name)) { Padding = Narrow });
        foreach (var name in numbers) table.AddColumn(new TableColumn(new Text(name)) { Alignment = Justify.Right, NoWrap = true, Padding = Narrow });
        return table;
    }

    /// <summary>Adds a row of texts that are no markup.</summary>
    public static void AddTexts(this Table table, params IEnumerable<string> cells) => table.AddRow(cells.Select(cell => new Text(cell)));

    /// <summary>A count as people write it: 125.2 M.</summary>
    public static string Count(long count) => count switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:0.0#} G"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.0} M"),
        >= 1_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0.0} K"),
        _ => count.ToString(CultureInfo.InvariantCulture),
    };
}
