using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gptq.Quantization.Bundles;

/// <summary>How the bundle's JSON files are written: for people too, and the same on every platform.</summary>
internal static class BundleJson
{
    public static JsonSerializerOptions Readable { get; } = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(string path, JsonObject json) => File.WriteAllText(path, json.ToJsonString(Readable) + "\n");
}
