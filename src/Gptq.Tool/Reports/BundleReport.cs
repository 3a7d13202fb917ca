using System.Globalization;
using System.Text.Json.Nodes;
using Gptq.Tool.Models;
using Spectre.Console;

namespace Gptq.Tool.Reports;

/// <summary>What is in a quantized model's folder.</summary>
internal sealed class BundleReport(ModelFolder folder, BundleDescription description)
{
    private readonly List<FileInfo> _files = [.. new DirectoryInfo(folder.Directory).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal)];

    public void Print(TextWriter output)
    {
        var console = ReportConsole.Create(output);
        output.WriteLine($"{folder.Name}: {description.Architecture}, quantized; operators: {description.Operators}; calibration: {description.Calibration}");

        var options = ReportConsole.NewTable(["option", "value"]);
        foreach (var (name, value) in description.Options.Where(option => option.Value.Length > 0)) options.AddTexts(name, value);
        console.Write(options);

        var layers = ReportConsole.NewTable(["layer"], "shape", "bits", "loss", "/ rtn");
        foreach (var layer in description.Layers)
        {
            layers.AddTexts(
                layer.Name, $"{layer.Rows}×{layer.Columns}", layer.Form,
                Format(layer.Loss, "0.00e+0"), layer.Method == "rtn" ? "rtn" : Format(layer.LossVersusRtn, "0.000"));
        }
        console.Write(layers);

        var files = ReportConsole.NewTable(["file"], "size");
        foreach (var file in _files) files.AddTexts(file.Name, ByteSize.Format(file.Length));
        console.Write(files);
        output.WriteLine($"{description.Layers.Count} layers of {ReportConsole.Count(description.Layers.Sum(layer => layer.Weights))} weights quantized; {ByteSize.Format(_files.Sum(file => file.Length))} in all.");
    }

    public JsonObject ToJson() => new()
    {
        ["kind"] = "bundle",
        ["directory"] = folder.Directory,
        ["bytes"] = _files.Sum(file => file.Length),
        ["quantization"] = JsonObject.Create(description.Json),
    };

    private static string Format(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
