namespace Gptq.Build.Tasks;

/// <summary>The name of a model's folder.</summary>
/// <remarks>MSBuild's own %(Filename) takes the 3b of opt-1.3b for an extension and is empty after a trailing slash.</remarks>
internal static class ModelName
{
    private const int Longest = 128;

    // What Windows, the strictest of the platforms a bundle is copied to, does not take.
    private static readonly char[] s_invalid = ['<', '>', ':', '"', '/', '\\', '|', '?', '*'];

    private static readonly string[] s_devices = ["CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "LPT1", "LPT2", "LPT3", "LPT4"];

    /// <summary>The last part of a path or hub name: opt-13b of facebook/opt-13b and of ../models/opt-13b/.</summary>
    /// <exception cref="MetadataException">GPTQ1008: there is no usable name in it.</exception>
    public static string Of(string include, string modelName, ProjectContext context)
    {
        if (modelName.Length > 0) return Validate(modelName);
        var last = LastPart(include);
        // "." and ".." name a folder whose name stands elsewhere.
        if (last is "." or ".." or "") last = LastPart(context.FullPath(include));
        return Validate(last);
    }

    private static string LastPart(string path) => path.TrimEnd('/', '\\').Split('/', '\\').Last();

    private static string Validate(string name)
    {
        if (name.Length is > 0 and <= Longest && name[0] != '.' && name[name.Length - 1] is not ('.' or ' ') && name.Trim() == name
            && name.IndexOfAny(s_invalid) < 0 && !name.Any(char.IsControl) && !s_devices.Contains(name, StringComparer.OrdinalIgnoreCase))
            return name;
        throw new MetadataException("GPTQ1008", $"'{name}' can not be the name of a model's folder. Set ModelName to a plain file name, e.g. ModelName=\"opt-13b\".");
    }
}
