using System.Globalization;
using System.Text.Json;

namespace Gptq.Quantization.Architectures;

/// <summary>
/// A checkpoint's config.json. Fields are asked for by name; each may be missing or null and then has the default that the model family
/// gives it. What nobody asked for is listed by <see cref="Unread"/>, so that no setting is passed over in silence.
/// </summary>
public sealed class ModelConfig
{
    // Far above every model's sizes, and small enough that a product of three, and a table of one, can be had.
    private const int GreatestSize = 1 << 24;

    private readonly Dictionary<string, JsonElement> _fields;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ModelConfig> _sections = new(StringComparer.Ordinal);
    private readonly string _path;

    private ModelConfig(JsonElement root, string? file, string path)
    {
        File = file;
        _path = path;
        _fields = [];
        foreach (var property in root.EnumerateObject())
            _fields[property.Name] = property.Value;
    }

    /// <summary>The file it was read from, if any.</summary>
    public string? File { get; }

    /// <summary>The model family, e.g. "opt".</summary>
    public string ModelType => Text("model_type", "");

    /// <summary>Reads a config.json.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="GptqException">GPTQ2101: no such file, or no JSON object in it.</exception>
    public static ModelConfig Load(string file)
    {
        try
        {
            return Parse(System.IO.File.ReadAllBytes(file), file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GptqException("GPTQ2101", $"The checkpoint's config.json cannot be read: {exception.Message}", file, exception);
        }
    }

    /// <summary>Reads the text of a config.json.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="file">The file it is from, for messages.</param>
    /// <exception cref="GptqException">GPTQ2101: not a JSON object.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string? file = null)
    {
        try
        {
            if (json.Span.StartsWith("\uFEFF"u8))
                json = json[3..];
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new GptqException("GPTQ2101", "The checkpoint's config.json is not a JSON object.", file);
            RequireText(document.RootElement);
            return new ModelConfig(document.RootElement.Clone(), file, "");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new GptqException("GPTQ2101", $"The checkpoint's config.json is not valid JSON: {exception.Message}", file, exception);
        }
    }

    /// <summary>Whether a field is there, be it null: null can mean "none" where a missing field means the family's default.</summary>
    public bool Mentions(string name) => _fields.ContainsKey(name);

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name)
    {
        _read.Add(name);
        return Find(name) is not null;
    }

    /// <summary>A whole number above zero that fits the sizes of arrays.</summary>
    public int Count(string name, int fallback) => OptionalCount(name) ?? fallback;

    /// <summary>A whole number above zero, or null.</summary>
    public int? OptionalCount(string name)
    {
        if (Whole(name) is not { } value)
            return null;
        return value is > 0 and <= GreatestSize
            ? (int)value
            : throw Wrong(name, $"is {value.ToString(CultureInfo.InvariantCulture)}, which is no size");
    }

    /// <summary>A size divided by another that must divide it: hidden size by heads.</summary>
    public int Divided(string sizeName, int size, string partsName, int parts) => size % parts == 0
        ? size / parts
        : throw Wrong(sizeName, $"is {size.ToString(CultureInfo.InvariantCulture)}, which {partsName} = {parts.ToString(CultureInfo.InvariantCulture)} does not divide");

    /// <summary>A whole number of any sign, or null.</summary>
    public long? Whole(string name)
    {
        _read.Add(name);
        if (Find(name) is not { } element)
            return null;
        if (element.ValueKind == JsonValueKind.Number)
        {
            if (element.TryGetInt64(out var whole))
                return whole;
            if (element.TryGetDouble(out var real) && Math.Floor(real) == real && Math.Abs(real) < 1L << 53)
                return (long)real;
        }

        throw Wrong(name, $"is {Brief(element)}, but must be a whole number");
    }

    /// <summary>A number.</summary>
    public double Number(string name, double fallback) => OptionalNumber(name) ?? fallback;

    /// <summary>A number above zero.</summary>
    public double Positive(string name, double fallback) => Number(name, fallback) is var value and > 0 ? value : throw Wrong(name, "must be above 0");

    /// <summary>A number above zero that must be there.</summary>
    public double Required(string name) => OptionalNumber(name) is { } value
        ? value > 0 ? value : throw Wrong(name, "must be above 0")
        : throw Wrong(name, "is missing");

    /// <summary>A number, or null.</summary>
    public double? OptionalNumber(string name)
    {
        _read.Add(name);
        if (Find(name) is not { } element)
            return null;
        return element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw Wrong(name, $"is {Brief(element)}, but must be a number");
    }

    /// <summary>A truth value.</summary>
    public bool Flag(string name, bool fallback)
    {
        _read.Add(name);
        return Find(name) is not { } element ? fallback : element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(name, $"is {Brief(element)}, but must be true or false"),
        };
    }

    /// <summary>A text.</summary>
    public string Text(string name, string fallback) => OptionalText(name) ?? fallback;

    /// <summary>A text, or null.</summary>
    public string? OptionalText(string name)
    {
        _read.Add(name);
        if (Find(name) is not { } element)
            return null;
        return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong(name, $"is {Brief(element)}, but must be a text");
    }

    /// <summary>Texts, or null.</summary>
    public IReadOnlyList<string>? Texts(string name) =>
        Elements(name)?.Select(item => item.ValueKind == JsonValueKind.String
            ? item.GetString()!
            : throw Wrong(name, $"holds {Brief(item)}, but must hold texts")).ToArray();

    /// <summary>Numbers, or null.</summary>
    public IReadOnlyList<double>? Numbers(string name) =>
        Elements(name)?.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out var value)
            ? value
            : throw Wrong(name, $"holds {Brief(item)}, but must hold numbers")).ToArray();

    /// <summary>A token id or several, as eos_token_id may be; empty when there is none.</summary>
    public IReadOnlyList<int> TokenIds(string name)
    {
        _read.Add(name);
        if (Find(name) is not { } element)
            return [];
        var items = element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().ToArray() : [element];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id)
            ? id
            : throw Wrong(name, $"is {Brief(element)}, but must be a token id or a list of them")).Where(id => id >= 0)];
    }

    /// <summary>A nested object, or null.</summary>
    public ModelConfig? Section(string name)
    {
        _read.Add(name);
        if (Find(name) is not { } element)
            return null;
        if (element.ValueKind != JsonValueKind.Object)
            throw Wrong(name, $"is {Brief(element)}, but must be an object");
        if (!_sections.TryGetValue(name, out var section))
            section = _sections[name] = new ModelConfig(element, File, $"{_path}{name}.");
        return section;
    }

    /// <summary>Says that the values of these fields have no bearing on the graph.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            _read.Add(name);
    }

    /// <summary>Fields that hold something and that nobody has asked for, in ordinal order.</summary>
    public IReadOnlyList<string> Unread() =>
    [
        .. _fields.Where(field => !_read.Contains(field.Key) && !IsNothing(field.Value))
            .Select(field => _path + field.Key).Order(StringComparer.Ordinal),
        .. _sections.Values.SelectMany(section => section.Unread()),
    ];

    /// <summary>The error for a field whose value the model cannot have.</summary>
    /// <param name="name">The field.</param>
    /// <param name="what">What is wrong with it, to follow the name in a sentence.</param>
    public GptqException Wrong(string name, string what) =>
        new("GPTQ2102", $"config.json: {_path}{name} {what}. Compare the file with the one its publisher gives.", File);

    /// <summary>The error for a setting that is valid in the model family and not supported here.</summary>
    /// <param name="name">The field.</param>
    /// <param name="what">What is not supported, to follow the name in a sentence.</param>
    public GptqException Unsupported(string name, string what) =>
        new("GPTQ2104", $"config.json: {_path}{name} {what}. This variant of {ModelType} is not supported; docs/adding-an-architecture.md says how to add it.", File);

    /// <summary>Decodes every text once: JsonDocument takes bytes that are no UTF-8 and halves of surrogate pairs, and fails when they are asked for.</summary>
    private static void RequireText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    RequireText(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    RequireText(item);
                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
        }
    }

    private static bool IsNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private static string Brief(JsonElement element)
    {
        var text = element.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "…";
    }

    private JsonElement? Find(string name) =>
        _fields.TryGetValue(name, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;

    private JsonElement[]? Elements(string name)
    {
        _read.Add(name);
        if (Find(name) is not { } element)
            return null;
        return element.ValueKind == JsonValueKind.Array
            ? element.EnumerateArray().ToArray()
            : throw Wrong(name, $"is {Brief(element)}, but must be a list");
    }
}
