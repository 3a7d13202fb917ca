using System.Text;

namespace Gptq.Runtime.Chat.Jinja;

/// <summary>The names that a part of a template sees. What a loop sets is gone after each round.</summary>
internal sealed class Scope(Scope? parent = null)
{
    /// <summary>A template may come from anywhere: after so many steps it is taken to be endless.</summary>
    private const int MostSteps = 1_000_000;

    /// <summary>The longest text of a conversation, in characters.</summary>
    private const int LongestOutput = 1 << 24;

    private readonly Dictionary<string, object?> _names = new(StringComparer.Ordinal);
    private readonly StringBuilder _output = parent?._output ?? new StringBuilder();
    private int _steps;

    public string Output => _output.ToString();

    public object? this[string name]
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Parent)
                if (scope._names.TryGetValue(name, out var value)) return value;
            return Undefined.Value;
        }

        set => _names[name] = value;
    }

    private Scope? Parent => parent;

    private Scope Root => parent?.Root ?? this;

    public void Write(string text)
    {
        CheckLength((long)_output.Length + text.Length);
        _output.Append(text);
    }

    /// <summary>Counts steps of the template.</summary>
    public void Step(int count = 1)
    {
        Root._steps += count;
        if (Root._steps > MostSteps) throw new JinjaException($"The template takes more than {MostSteps} steps.");
    }

    /// <summary>Counts what it takes to make a value, so that large values made again and again end a template, too.</summary>
    public object? Count(object? value)
    {
        Step(value switch
        {
            string text => 1 + (text.Length / 256),
            List<object?> list => 1 + list.Count,
            _ => 1,
        });
        return value;
    }

    /// <summary>Refuses strings that are longer than any conversation, before they are made.</summary>
    public static void CheckLength(long length)
    {
        if (length > LongestOutput) throw new JinjaException($"The text has more than {LongestOutput} characters.");
    }
}
