namespace Gptq.Tool;

/// <summary>Response files (<c>@file</c>): one argument a line, taken as it is, so that paths need no quoting.</summary>
internal static class ResponseFile
{
    public static bool TryRead(string path, out IReadOnlyList<string>? arguments, out string? error)
    {
        try
        {
            arguments = [.. File.ReadLines(path)];
            error = null;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            arguments = null;
            error = $"The response file '{path}' can't be read: {exception.Message}";
            return false;
        }
    }
}
