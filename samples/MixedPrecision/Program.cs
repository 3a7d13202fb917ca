using System.Globalization;
using System.Text.Json;
using Gptq.Runtime;
using MixedPrecision;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var heldOut = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "held-out.txt"));
string[] models = [QuantizedModels.Bard4bit.Path, QuantizedModels.BardMixed.Path];

Console.WriteLine($"{"model",-12}{"bits",8}{"MB",8}{"perplexity",12}");
foreach (var path in models)
{
    using var model = QuantizedModel.Open(path);
    var megabytes = new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length) / 1e6;
    Console.WriteLine($"{Path.GetFileName(path),-12}{AverageBits(path),8:F2}{megabytes,8:F1}{model.Evaluate(heldOut).Perplexity,12:F2}");
}

// The average over the quantized weights, from the report that lies beside each model: which layer got how many bits, and what it lost.
static double AverageBits(string path)
{
    using var report = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "quantization.json")));
    var (bits, weights) = (0.0, 0.0);
    foreach (var layer in report.RootElement.GetProperty("layers").EnumerateArray())
    {
        var size = layer.GetProperty("shape").EnumerateArray().Aggregate(1.0, (product, side) => product * side.GetInt32());
        bits += size * double.Parse(layer.GetProperty("bits").GetString()!, CultureInfo.InvariantCulture);
        weights += size;
    }
    return bits / weights;
}
