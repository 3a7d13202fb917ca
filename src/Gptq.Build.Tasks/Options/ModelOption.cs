namespace Gptq.Build.Tasks;

/// <summary>One metadata of a QuantizeModel item that becomes an option of the engine.</summary>
internal sealed class ModelOption
{
    private readonly Func<string, ProjectContext, string> _normalize;

    public ModelOption(string metadata, Func<string, ProjectContext, string> normalize)
    {
        Metadata = metadata;
        Switch = "--" + KebabCase(metadata);
        _normalize = normalize;
    }

    /// <summary>The metadata's name in the project file, e.g. GroupSize.</summary>
    public string Metadata { get; }

    /// <summary>The engine's option, e.g. --group-size.</summary>
    public string Switch { get; }

    /// <summary>Checks a value and gives it the one spelling that the engine and the fingerprint see.</summary>
    /// <exception cref="MetadataException">The value is not one that this metadata can have.</exception>
    public string Normalize(string value, ProjectContext context) => _normalize(value.Trim(), context);

    private static string KebabCase(string name)
    {
        var text = new System.Text.StringBuilder(name.Length + 4);
        foreach (var character in name)
        {
            if (char.IsUpper(character) && text.Length > 0) text.Append('-');
            text.Append(char.ToLowerInvariant(character));
        }
        return text.ToString();
    }
}
