using System.Globalization;
using System.Text.Json;
using Gptq.Runtime;
using MixedPrecision;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string[] widths = ["2", "3", "4", "8"];
string[] models = [QuantizedModels.Bard4bit.Path, QuantizedModels.BardByHand.Path, QuantizedModels.BardByBudget.Path];
var heldOut = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "held-out.txt"));

Console.WriteLine("                layers of 2, 3, 4, 8 bits     MB  perplexity");
foreach (var path in models)
{
    // Beside each model lies a report: which layer got how many bits, and what it lost.
    using var report = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "quantization.json")));
    var layers = report.RootElement.GetProperty("layers").EnumerateArray().CountBy(layer => layer.GetProperty("bits").GetString()!).ToDictionary();
    var counts = string.Concat(widths.Select(width => $"{layers.GetValueOrDefault(width),4}"));
    var megabytes = new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length) / 1e6;

    using var model = QuantizedModel.Open(path);
    Console.WriteLine($"{Path.GetFileName(path),-15}{counts,26}{megabytes,7:F1}{model.Evaluate(heldOut).Perplexity,12:F2}");
}
