using System.Xml;
using System.Xml.Linq;
using Microsoft.Build.Framework;

namespace Gptq.Build.Tasks;

/// <summary>The place of an item in its project file, for messages. Only looked up when there is something to report.</summary>
internal readonly struct ItemLocation
{
    private ItemLocation(string file, int line, int column)
    {
        File = file;
        Line = line;
        Column = column;
    }

    public string File { get; }

    public int Line { get; }

    public int Column { get; }

    /// <summary>Finds the element that defined an item; line 0 when only the file is known.</summary>
    public static ItemLocation Of(ITaskItem item)
    {
        var file = item.GetMetadata("DefiningProjectFullPath");
        if (string.IsNullOrEmpty(file) || !System.IO.File.Exists(file)) return new(file, 0, 0);
        try
        {
            using var reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
            var elements = XDocument.Load(reader, LoadOptions.SetLineInfo).Descendants()
                .Where(element => element.Name.LocalName == "QuantizeModel" && element.Attribute("Include") is not null).ToArray();
            var original = item.GetMetadata("OriginalItemSpec") is { Length: > 0 } spec ? spec : item.ItemSpec;
            // A glob or a property in Include is not spelled as the item is: the only element there is must be it.
            var named = elements.Where(element => string.Equals(element.Attribute("Include")!.Value, original, StringComparison.Ordinal)).ToArray();
            var found = named.Length > 1
                ? named.FirstOrDefault(element => SameName(element, item)) ?? named[0]
                : named.FirstOrDefault() ?? (elements.Length == 1 ? elements[0] : null);
            return found is IXmlLineInfo place && place.HasLineInfo() ? new(file, place.LineNumber, place.LinePosition) : new(file, 0, 0);
        }
        catch (Exception exception) when (exception is XmlException or IOException or UnauthorizedAccessException)
        {
            return new(file, 0, 0);
        }
    }

    private static bool SameName(XElement element, ITaskItem item) =>
        (element.Attribute("ModelName")?.Value ?? "") == item.GetMetadata("ModelName")
        && (element.Attribute("Bits")?.Value ?? item.GetMetadata("Bits")) == item.GetMetadata("Bits");
}
