using System.Globalization;

namespace Gptq.Runtime.Chat.Jinja;

/// <summary>The functions, methods, filters and tests that chat templates use.</summary>
internal static class Functions
{
    public static object? Call(string name, List<object?> arguments) => (name, arguments) switch
    {
        ("raise_exception", [string message]) => throw new JinjaException($"The template refuses the conversation: {message}"),
        ("range", [long count]) => Numbers(0, count),
        ("range", [long from, long to]) => Numbers(from, to),
        _ => throw new JinjaException($"The function {name} is not supported."),
    };

    public static object? CallMethod(object? owner, string name, List<object?> arguments) => (owner, name, arguments) switch
    {
        (string text, "strip", []) => text.Trim(),
        (string text, "lstrip", []) => text.TrimStart(),
        (string text, "rstrip", []) => text.TrimEnd(),
        (string text, "strip", [string characters]) => text.Trim(characters.ToCharArray()),
        (string text, "lstrip", [string characters]) => text.TrimStart(characters.ToCharArray()),
        (string text, "rstrip", [string characters]) => text.TrimEnd(characters.ToCharArray()),
        (string text, "startswith", [string start]) => text.StartsWith(start, StringComparison.Ordinal),
        (string text, "endswith", [string end]) => text.EndsWith(end, StringComparison.Ordinal),
        (string text, "upper", []) => text.ToUpperInvariant(),
        (string text, "lower", []) => text.ToLowerInvariant(),
        (string text, "replace", [string old, string replacement]) when old.Length > 0 => Replace(text, old, replacement),
        (string text, "split", [string separator]) when separator.Length > 0 => text.Split(separator).Cast<object?>().ToList(),
        (string text, "split", []) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Cast<object?>().ToList(),
        (Dictionary<string, object?> map, "items", []) => map.Select(pair => (object?)new List<object?> { pair.Key, pair.Value }).ToList(),
        (Dictionary<string, object?> map, "keys", []) => map.Keys.Cast<object?>().ToList(),
        (Dictionary<string, object?> map, "values", []) => map.Values.ToList(),
        (Dictionary<string, object?> map, "get", [string key]) => map.GetValueOrDefault(key),
        (Dictionary<string, object?> map, "get", [string key, var fallback]) => map.TryGetValue(key, out var value) ? value : fallback,
        _ => throw new JinjaException($"The method {name} is not supported here."),
    };

    public static object? ApplyFilter(string name, object? value, List<object?> arguments) => (name, value, arguments) switch
    {
        ("trim", _, []) => Values.ToText(value).Trim(),
        ("upper", _, []) => Values.ToText(value).ToUpperInvariant(),
        ("lower", _, []) => Values.ToText(value).ToLowerInvariant(),
        ("string", _, []) => Values.ToText(value),
        ("length" or "count", string text, []) => (long)text.Length,
        ("length" or "count", _, []) => (long)Values.ToList(value).Count,
        ("first", _, []) => Values.ToList(value) is [var first, ..] ? first : Undefined.Value,
        ("last", _, []) => Values.ToList(value) is [.., var last] ? last : Undefined.Value,
        ("list", _, []) => Values.ToList(value),
        ("join", _, []) => Join(value, ""),
        ("join", _, [string separator]) => Join(value, separator),
        ("default" or "d", Undefined, [var fallback]) => fallback,
        ("default" or "d", _, [_]) => value,
        ("replace", string text, [string old, string replacement]) when old.Length > 0 => Replace(text, old, replacement),
        ("int", string text, []) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0L,
        ("int", long number, []) => number,
        ("items", Dictionary<string, object?>, []) => CallMethod(value, "items", arguments),
        ("tojson", _, []) => Values.ToJson(value),
        ("safe", _, []) => value,
        _ => throw new JinjaException($"The filter {name} is not supported here."),
    };

    public static bool ApplyTest(string name, object? value) => name switch
    {
        "defined" => value is not Undefined,
        "undefined" => value is Undefined,
        "none" => value is null,
        "string" => value is string,
        "mapping" => value is Dictionary<string, object?>,
        "iterable" => value is string or List<object?> or Dictionary<string, object?>,
        "sequence" => value is string or List<object?>,
        "number" or "integer" => value is long,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "even" => value is long number && number % 2 == 0,
        "odd" => value is long number && number % 2 != 0,
        _ => throw new JinjaException($"The test {name} is not supported."),
    };

    private static string Replace(string text, string old, string replacement)
    {
        Scope.CheckLength(text.Length + ((long)text.Length / old.Length * replacement.Length));
        return text.Replace(old, replacement, StringComparison.Ordinal);
    }

    private static string Join(object? list, string separator)
    {
        var texts = Values.ToList(list).Select(Values.ToText).ToList();
        Scope.CheckLength(texts.Sum(text => (long)text.Length + separator.Length));
        return string.Join(separator, texts);
    }

    private static List<object?> Numbers(long from, long to)
    {
        if (to - from > 100_000) throw new JinjaException("A range has more than 100,000 numbers.");
        return [.. Enumerable.Range(0, (int)Math.Max(0, to - from)).Select(index => (object?)(from + index))];
    }
}
