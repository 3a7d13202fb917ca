using System.Globalization;
using System.Net;
using System.Text;

namespace Gptq.Tool.Reports.Page;

/// <summary>Writes a page that is XML as well as HTML. Texts and attribute values are escaped: names come from checkpoints that anybody may have made.</summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder _text = new();

    /// <summary>An element with text.</summary>
    public HtmlWriter Element(string name, string text, string? cssClass = null) => Open(name, cssClass).Text(text).Close(name);

    /// <summary>Begins an element.</summary>
    public HtmlWriter Open(string name, string? cssClass = null, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Start(name, cssClass, attributes);
        _text.Append('>');
        return this;
    }

    /// <summary>Ends an element.</summary>
    public HtmlWriter Close(string name)
    {
        _text.Append("</").Append(name).Append(">\n");
        return this;
    }

    /// <summary>An element without content: of SVG, where it may close itself.</summary>
    public HtmlWriter Shape(string name, string? cssClass, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Start(name, cssClass, attributes);
        _text.Append("/>");
        return this;
    }

    /// <summary>Text.</summary>
    public HtmlWriter Text(string text)
    {
        _text.Append(Escape(text));
        return this;
    }

    /// <summary>A name with dots, behind which a line may end.</summary>
    public HtmlWriter Name(string name)
    {
        var parts = name.Split('.');
        for (var part = 0; part < parts.Length; part++)
        {
            Text(parts[part]);
            if (part + 1 < parts.Length) Raw(".<wbr/>");
        }
        return this;
    }

    /// <summary>What is HTML already and our own.</summary>
    public HtmlWriter Raw(string html)
    {
        _text.Append(html);
        return this;
    }

    /// <summary>A share as SVG takes it.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(share, 0, 1) * 100:0.###}%");

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    // What no XML may hold, such as a bell in a layer's name, is not shown.
    private static string Escape(string text) =>
        WebUtility.HtmlEncode(string.Concat(text.EnumerateRunes().Where(rune => !Rune.IsControl(rune) && (rune.Value & 0xFFFE) != 0xFFFE).Select(rune => rune.ToString())));

    private void Start(string name, string? cssClass, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        _text.Append('<').Append(name);
        if (cssClass is not null) _text.Append(" class=\"").Append(cssClass).Append('"');
        foreach (var (attribute, value) in attributes) _text.Append(' ').Append(attribute).Append("=\"").Append(Escape(value)).Append('"');
    }
}
