using System.Text.Json;

namespace Gptq.Tokenizers.Loading;

/// <summary>A value of a JSON file that says where it stands when it is not what it should be.</summary>
/// <param name="Element">The value.</param>
/// <param name="File">The file it is from.</param>
/// <param name="Path">Where in the file, for messages.</param>
internal readonly record struct JsonValue(JsonElement Element, string File, string Path)
{
    public bool IsObject => Element.ValueKind == JsonValueKind.Object;

    public bool IsArray => Element.ValueKind == JsonValueKind.Array;

    public bool IsString => Element.ValueKind == JsonValueKind.String;

    /// <summary>Reads a file whole.</summary>
    /// <exception cref="TokenizerFormatException">It is no JSON object.</exception>
    public static JsonValue Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(TokenizerFiles.ReadBytes(file));
            var root = new JsonValue(document.RootElement.Clone(), file, "$");
            return root.IsObject ? root : throw root.Error("must be an object");
        }
        catch (JsonException exception)
        {
            throw new TokenizerFormatException(file, $"It is no JSON: {exception.Message}", exception);
        }
    }

    /// <summary>A property; null where it is missing or null.</summary>
    public JsonValue? Find(string name)
    {
        if (!IsObject) throw Error("must be an object");
        return Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? new JsonValue(value, File, $"{Path}.{name}") : null;
    }

    public JsonValue Get(string name) => Find(name) ?? throw Error($"lacks \"{name}\"");

    public string? FindString(string name) => Find(name)?.String();

    public bool? FindBoolean(string name) => Find(name)?.Boolean();

    public string String()
    {
        if (!IsString) throw Error("must be a string");
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new TokenizerFormatException(File, $"{Path} holds half of a surrogate pair.", exception);
        }
    }

    public bool Boolean() => Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Error("must be true or false"),
    };

    /// <summary>An id: an integer that a vocabulary can hold.</summary>
    public int Id() => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out var id) && (uint)id < Vocabulary.MaximumSize
        ? id
        : throw Error($"must be an integer from 0 to {Vocabulary.MaximumSize - 1}");

    public double Number() => Element.ValueKind == JsonValueKind.Number && Element.TryGetDouble(out var number) && !double.IsNaN(number)
        ? number
        : throw Error("must be a number");

    public IEnumerable<JsonValue> Items()
    {
        if (!IsArray) throw Error("must be an array");
        var (file, path) = (File, Path);
        return Element.EnumerateArray().Select((item, index) => new JsonValue(item, file, $"{path}[{index}]"));
    }

    public IEnumerable<(string Name, JsonValue Value)> Properties()
    {
        if (!IsObject) throw Error("must be an object");
        return EnumerateProperties(this);
    }

    public TokenizerFormatException Error(string reason) => new(File, $"{Path} {reason}.");

    private static IEnumerable<(string Name, JsonValue Value)> EnumerateProperties(JsonValue value)
    {
        foreach (var property in value.Element.EnumerateObject())
        {
            string name;
            try
            {
                name = property.Name;
            }
            catch (InvalidOperationException exception)
            {
                throw new TokenizerFormatException(value.File, $"{value.Path} has a name with half of a surrogate pair.", exception);
            }

            yield return (name, new JsonValue(property.Value, value.File, value.Path));
        }
    }
}
