using System.Text;

namespace Gptq.Build.Tasks;

/// <summary>Text as MSBuild wants it in an item: the characters that have a meaning in project files as %xx.</summary>
internal static class EscapedText
{
    private const string Special = "%*?@$();'";

    public static string Of(string text)
    {
        if (text.IndexOfAny(Special.ToCharArray()) < 0) return text;
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var character in text)
        {
            if (Special.IndexOf(character) < 0) escaped.Append(character);
            else escaped.Append('%').Append(((int)character).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return escaped.ToString();
    }
}
