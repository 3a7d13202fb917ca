using System.CommandLine;
using Gptq.Runtime;

namespace Gptq.Benchmarks;

/// <summary>How long <see cref="QuantizedModel.Open"/> takes with a LLaMA of 1.1 billion random weights, and what memory of its own it needs.</summary>
internal sealed class OpenBenchmark : IBenchmark
{
    private static readonly Option<string> s_model = new("--model") { DefaultValueFactory = _ => "4", Description = "Bits of the model." };
    private static readonly Option<string> s_tokenizer = new("--tokenizer")
        { DefaultValueFactory = _ => "samples/models/bard-opt", Description = "A folder with a tokenizer." };

    private static readonly Option<int> s_runs = new("--runs") { DefaultValueFactory = _ => 9, Description = "How often it is opened." };

    public Command CreateCommand()
    {
        var command = new Command("open", "Opening a model of 500 MB.") { s_model, s_tokenizer, s_runs };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        using var model = new RandomLlamaFolder(arguments.GetValue(s_model)!, layers: 22);
        foreach (var file in Tokenizers.Tokenizer.Load(arguments.GetValue(s_tokenizer)!).Files) File.Copy(file, Path.Combine(model.Path, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(model.Path, "genai_config.json"), RandomLlama.GenaiConfigJson(layers: 22));

        // The first one loads ONNX Runtime and compiles this program's code.
        var (wall, processor) = (new double[arguments.GetValue(s_runs) + 1], new double[arguments.GetValue(s_runs) + 1]);
        for (var run = 0; run < wall.Length; run++)
        {
            QuantizedModel? opened = null;
            var before = Environment.CpuUsage.TotalTime;
            wall[run] = Measure.Seconds(() => opened = QuantizedModel.Open(model.Path));
            processor[run] = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            opened!.Dispose();
        }

        new Report().Add("weights_mb", model.Bytes / 1e6).Add("first_ms", wall[0] * 1e3).Add("median_ms", Measure.Median(wall[1..]) * 1e3)
            .Add("median_processor_ms", Measure.Median(processor[1..]) * 1e3).Write(arguments);
    }
}
