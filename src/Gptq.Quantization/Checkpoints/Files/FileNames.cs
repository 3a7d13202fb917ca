namespace Gptq.Quantization.Checkpoints.Files;

/// <summary>Names that come from a file or a server, before they become paths.</summary>
internal static class FileNames
{
    private const string Reserved = "/\\:*?\"<>|";

    /// <summary>Whether a name stands for a file in its folder and nothing else, on every platform.</summary>
    public static bool IsPlain(string name)
        => name.Length is > 0 and <= 255
            && name is not ("." or "..")
            && name[name.Length - 1] is not ('.' or ' ')
            && !name.Any(c => char.IsControl(c) || Reserved.Contains(c));
}
