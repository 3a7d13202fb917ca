using System.CommandLine;
using System.Globalization;
using Gptq.Numerics.Packed;

namespace Gptq.Benchmarks;

/// <summary>Greedy generation with a LLaMA of 1.1 billion random weights: tokens per second, time to the first token, load time and private memory.</summary>
internal sealed class DecodeBenchmark : IBenchmark
{
    private static readonly Option<string> s_models = new("--models")
        { DefaultValueFactory = _ => "4,3,fp32", Description = "Bits of the models, or fp32, with commas." };

    private static readonly Option<ActivationPrecision> s_precision = new("--precision")
        { DefaultValueFactory = _ => ActivationPrecision.Bits16, Description = "How the operators see activations." };

    private static readonly Option<string> s_threads = new("--threads") { DefaultValueFactory = _ => "1,2", Description = "Threads of a session, one run after the other." };
    private static readonly Option<int> s_layers = new("--layers") { DefaultValueFactory = _ => 22, Description = "Blocks of the model." };
    private static readonly Option<int> s_prompt = new("--prompt") { DefaultValueFactory = _ => 512, Description = "Tokens of the prompt." };
    private static readonly Option<int> s_tokens = new("--tokens") { DefaultValueFactory = _ => 48, Description = "Tokens to generate." };

    private static readonly Option<string?> s_llamaCpp = new("--llama-cpp")
        { Description = "The folder Peers/llama-cpp after npm install there: measures llama.cpp beside ours." };

    public Command CreateCommand()
    {
        var command = new Command("decode", "Generation with a LLaMA-shaped model of random weights.")
            { s_models, s_precision, s_threads, s_layers, s_prompt, s_tokens, s_llamaCpp };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        var (prompt, tokens, layers) = (arguments.GetValue(s_prompt), arguments.GetValue(s_tokens), arguments.GetValue(s_layers));
        var report = new Report().Add("kernel", PackedMatMul.KernelName).Add("precision", arguments.GetValue(s_precision).ToString())
            .Add("layers", layers).Add("prompt", prompt).Add("tokens", tokens);
        var models = new List<RandomLlamaFolder>();
        try
        {
            foreach (var name in arguments.GetValue(s_models)!.Split(','))
            {
                models.Add(new RandomLlamaFolder(name, layers));
                report.Add($"{name}_weights_mb", models[^1].Bytes / 1e6);
            }

            foreach (var threads in arguments.GetValue(s_threads)!.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)))
                Run(models, arguments, threads, report);
        }
        finally
        {
            foreach (var model in models) model.Dispose();
        }

        report.Write(arguments);
    }

    private static void Run(IReadOnlyList<RandomLlamaFolder> models, ParseResult arguments, int threads, Report report)
    {
        var (prompt, tokens) = (arguments.GetValue(s_prompt), arguments.GetValue(s_tokens));
        var run = string.Create(CultureInfo.InvariantCulture, $"t{threads}_");
        var generators = new List<IGenerator>();
        var bandwidth = new ReadBandwidth(threads);
        try
        {
            foreach (var model in models)
                Add(new SessionGenerator(model, threads, arguments.GetValue(s_precision)));
            if (arguments.GetValue(s_llamaCpp) is { } scripts)
                Add(new LlamaCppGenerator(scripts, arguments.GetValue(s_layers), threads, prompt + tokens + 8));

            // The models take turns token by token, so that the machine's moods hit them alike.
            foreach (var generator in generators) generator.Step();
            var seconds = generators.Select(_ => new double[tokens]).ToArray();
            var reads = new double[tokens];
            for (var token = 0; token < tokens; token++)
            {
                for (var i = 0; i < generators.Count; i++) seconds[i][token] = generators[i].Step();
                reads[token] = Measure.Seconds(bandwidth.Read);
            }

            var bytesPerSecond = bandwidth.Bytes / Measure.Median(reads);
            report.Add($"{run}read_gb_per_s", bytesPerSecond / 1e9);
            for (var i = 0; i < generators.Count; i++)
            {
                var each = Measure.Median(seconds[i]);
                report.Add($"{run}{generators[i].Name}_tokens_per_s", 1 / each)
                    .Add($"{run}{generators[i].Name}_of_bandwidth", generators[i].WeightBytes / each / bytesPerSecond);
                if (generators[^1] is LlamaCppGenerator && i < generators.Count - 1)
                    report.Add($"{run}{generators[i].Name}_over_llama_cpp", Measure.Median(seconds[^1]) / each);
            }
        }
        finally
        {
            foreach (var generator in generators) generator.Dispose();
        }

        void Add(IGenerator generator)
        {
            generators.Add(generator);
            report.Add($"{run}{generator.Name}_load_s", generator.LoadSeconds).Add($"{run}{generator.Name}_first_token_s", generator.Prefill(prompt));
            // Before the next model takes its own.
            if (generator is SessionGenerator session) report.Add($"{run}{session.Name}_private_mb", session.PrivateBytes / 1e6);
        }
    }
}
