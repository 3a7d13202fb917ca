using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gptq.Tool;

/// <summary>How commands print JSON.</summary>
internal static class ToolJson
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteJson(this TextWriter output, JsonNode json) => output.WriteLine(json.ToJsonString(Readable));
}
