using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gptq.Runtime.Chat.Jinja;

/// <summary>A name that has no value.</summary>
internal sealed class Undefined
{
    public static readonly Undefined Value = new();

    private Undefined()
    {
    }
}

/// <summary>Rules of Jinja's values: null, <see cref="Undefined"/>, bool, long, string, List of values, Dictionary of values.</summary>
internal static class Values
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    public static string ToText(object? value) => value switch
    {
        null => "None",
        Undefined => "",
        bool truth => truth ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        string text => text,
        _ => throw new JinjaException("A list or a mapping is written out, which is supported only with tojson."),
    };

    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second)),
        _ => Equals(left, right),
    };

    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (string a, string b) => string.CompareOrdinal(a, b),
        _ => throw new JinjaException("Values that have no order are compared."),
    };

    public static bool Contains(object? whole, object? part) => whole switch
    {
        string text => part is string inner && text.Contains(inner, StringComparison.Ordinal),
        List<object?> list => list.Exists(item => AreEqual(item, part)),
        Dictionary<string, object?> map => part is string key && map.ContainsKey(key),
        _ => throw new JinjaException("\"in\" needs a string, a list or a mapping on its right."),
    };

    public static List<object?> ToList(object? value) => value switch
    {
        List<object?> list => list,
        Dictionary<string, object?> map => [.. map.Keys],
        string text => [.. text.EnumerateRunes().Select(rune => rune.ToString())],
        Undefined => [],
        _ => throw new JinjaException("Something that is no list is gone through."),
    };

    public static object? Member(object? value, object? key) => (value, key) switch
    {
        (Dictionary<string, object?> map, string name) => map.TryGetValue(name, out var found) ? found : Undefined.Value,
        (List<object?> list, long index) => Place(index, list.Count) is { } place ? list[place] : Undefined.Value,
        (string text, long index) => Place(index, text.Length) is { } place ? text[place].ToString() : Undefined.Value,
        (Undefined or null, _) => throw new JinjaException($"{ToText(key)} is asked of something that has no value."),
        _ => Undefined.Value,
    };

    public static object Slice(object? value, long? from, long? to) => value switch
    {
        List<object?> list => list[Range(from, to, list.Count)],
        string text => text[Range(from, to, text.Length)],
        _ => throw new JinjaException("Only lists and strings have slices."),
    };

    public static string ToJson(object? value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(writer, value);
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case List<object?> list:
                writer.WriteStartArray();
                foreach (var item in list) Write(writer, item);
                writer.WriteEndArray();
                break;
            case Dictionary<string, object?> map:
                writer.WriteStartObject();
                foreach (var (key, item) in map)
                {
                    writer.WritePropertyName(key);
                    Write(writer, item);
                }

                writer.WriteEndObject();
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static int? Place(long index, int count)
    {
        if (index < 0) index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static Range Range(long? from, long? to, int count)
    {
        var (start, end) = (Bound(from ?? 0, count), Bound(to ?? count, count));
        return start..Math.Max(start, end);
    }

    private static int Bound(long index, int count) => (int)Math.Clamp(index < 0 ? index + count : index, 0, count);
}
