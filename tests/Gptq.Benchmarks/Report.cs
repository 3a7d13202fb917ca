using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Gptq.Benchmarks;

/// <summary>The results of one run, in the order in which they were added.</summary>
internal sealed class Report
{
    private readonly Dictionary<string, object> _values = [];

    /// <summary>The option that every benchmark understands.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Print one JSON line.", Recursive = true };

    /// <summary>Adds a result; numbers are kept to six significant digits.</summary>
    public Report Add(string name, object value)
    {
        _values.Add(name, value is double number ? double.Parse(number.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : value);
        return this;
    }

    /// <summary>Prints the results to standard output.</summary>
    public void Write(ParseResult arguments)
    {
        if (arguments.GetValue(Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(_values));
            return;
        }
        var width = _values.Keys.Max(name => name.Length);
        foreach (var (name, value) in _values)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name.PadRight(width)}  {value}"));
    }
}
