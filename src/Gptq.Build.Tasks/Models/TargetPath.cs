namespace Gptq.Build.Tasks;

/// <summary>Where a model stands below the output folder.</summary>
internal static class TargetPath
{
    /// <summary>The metadata's value with forward slashes, or models/name.</summary>
    /// <exception cref="MetadataException">GPTQ1010: it leaves the output folder.</exception>
    public static string Of(string value, string modelName)
    {
        if (value.Length == 0) return "models/" + modelName;
        var path = value.Replace('\\', '/').TrimEnd('/');
        if (path.Length == 0 || path[0] == '/' || path.IndexOf(':') >= 0 || path.Split('/').Any(part => part.Trim() is "" or "." or ".."))
            throw new MetadataException("GPTQ1010", $"TargetPath is '{value}'; it is a folder below the output folder, e.g. models/{modelName}.");
        return path;
    }
}
