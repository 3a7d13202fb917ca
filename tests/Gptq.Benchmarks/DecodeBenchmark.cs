using System.CommandLine;
using Gptq.Numerics.Packed;

namespace Gptq.Benchmarks;

/// <summary>Greedy generation with a LLaMA of 1.1 billion random weights: tokens per second, time to the first token, load time and private memory.</summary>
internal sealed class DecodeBenchmark : IBenchmark
{
    private static readonly Option<string> s_models = new("--models")
        { DefaultValueFactory = _ => "4,3", Description = "Bits of the models, or fp32, with commas." };

    private static readonly Option<ActivationPrecision> s_precision = new("--precision")
        { DefaultValueFactory = _ => ActivationPrecision.Bits16, Description = "How the operators see activations." };

    private static readonly Option<int> s_threads = new("--threads") { DefaultValueFactory = _ => 2, Description = "Threads of a session." };
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
        var (threads, layers) = (arguments.GetValue(s_threads), arguments.GetValue(s_layers));
        var (prompt, tokens) = (arguments.GetValue(s_prompt), arguments.GetValue(s_tokens));
        var report = new Report().Add("kernel", PackedMatMul.KernelName).Add("precision", arguments.GetValue(s_precision).ToString())
            .Add("threads", threads).Add("layers", layers).Add("prompt", prompt).Add("tokens", tokens);
        var generators = new List<IGenerator>();
        try
        {
            foreach (var name in arguments.GetValue(s_models)!.Split(','))
                Add(new SessionGenerator(name, layers, threads, arguments.GetValue(s_precision)));
            if (arguments.GetValue(s_llamaCpp) is { } scripts)
                Add(new LlamaCppGenerator(scripts, layers, threads, prompt + tokens + 8));

            // The models take turns token by token, so that the machine's moods hit them alike.
            foreach (var generator in generators)
                generator.Step();
            var seconds = generators.Select(_ => new double[tokens]).ToArray();
            for (var token = 0; token < tokens; token++)
                for (var i = 0; i < generators.Count; i++)
                    seconds[i][token] = generators[i].Step();
            for (var i = 0; i < generators.Count; i++)
            {
                report.Add($"{generators[i].Name}_tokens_per_s", 1 / Measure.Median(seconds[i]));
                if (generators[i] is SessionGenerator session)
                    report.Add($"{session.Name}_private_mb", session.PrivateBytes / 1e6);
            }
        }
        finally
        {
            foreach (var generator in generators)
                generator.Dispose();
        }

        report.Write(arguments);

        void Add(IGenerator generator)
        {
            generators.Add(generator);
            report.Add($"{generator.Name}_weights_mb", generator.WeightBytes / 1e6).Add($"{generator.Name}_load_s", generator.LoadSeconds)
                .Add($"{generator.Name}_first_token_s", generator.Prefill(prompt));
        }
    }
}
