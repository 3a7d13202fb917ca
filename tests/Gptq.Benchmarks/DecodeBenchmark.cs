using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Gptq.Numerics.Packed;
using Gptq.Quantization;
using Gptq.Runtime.Generation;
using Gptq.Runtime.Operators;
using Microsoft.ML.OnnxRuntime;

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

    public Command CreateCommand()
    {
        var command = new Command("decode", "Generation with a LLaMA-shaped model of random weights.")
            { s_models, s_precision, s_threads, s_layers, s_prompt, s_tokens };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        var (threads, layers) = (arguments.GetValue(s_threads), arguments.GetValue(s_layers));
        var (prompt, tokens) = (arguments.GetValue(s_prompt), arguments.GetValue(s_tokens));
        var report = new Report().Add("kernel", PackedMatMul.KernelName).Add("precision", arguments.GetValue(s_precision).ToString())
            .Add("threads", threads).Add("layers", layers).Add("prompt", prompt).Add("tokens", tokens);
        var runs = new List<Contender>();
        try
        {
            foreach (var name in arguments.GetValue(s_models)!.Split(','))
            {
                runs.Add(new Contender(name, layers, threads, arguments.GetValue(s_precision)));
                var run = runs[^1];
                report.Add($"{name}_load_s", run.LoadSeconds).Add($"{name}_first_token_s", run.Prefill(prompt));
            }

            // The models take turns token by token, so that the machine's moods hit them alike.
            foreach (var run in runs)
                run.Step();
            var seconds = runs.Select(_ => new double[tokens]).ToArray();
            for (var token = 0; token < tokens; token++)
                for (var i = 0; i < runs.Count; i++)
                    seconds[i][token] = Measure.Seconds(runs[i].Step);
            for (var i = 0; i < runs.Count; i++)
            {
                report.Add($"{runs[i].Name}_tokens_per_s", 1 / Measure.Median(seconds[i])).Add($"{runs[i].Name}_weights_mb", runs[i].WeightBytes / 1e6)
                    .Add($"{runs[i].Name}_private_mb", runs[i].PrivateBytes / 1e6);
            }
        }
        finally
        {
            foreach (var run in runs)
                run.Dispose();
        }

        report.Write(arguments);
    }

    private sealed class Contender : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("gptq-decode").FullName;
        private readonly RunOptions _options = new();
        private readonly InferenceSession _session;
        private readonly DecoderState _state;
        private readonly long _privateBefore;
        private int _token;

        public Contender(string name, int layers, int threads, ActivationPrecision precision)
        {
            Name = name;
            var model = new RandomLlama(layers);
            model.Write(_folder, name == "fp32" ? null : (BitWidth)int.Parse(name, CultureInfo.InvariantCulture));
            WeightBytes = Directory.EnumerateFiles(_folder).Sum(file => new FileInfo(file).Length);
            _privateBefore = PrivateMemory();
            using var options = new SessionOptions { IntraOpNumThreads = threads };
            options.RegisterGptqOperators(precision);
            var start = Stopwatch.GetTimestamp();
            _session = new InferenceSession(Path.Combine(_folder, model.Config.ModelFile), options);
            LoadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            _state = new DecoderState(_session, new DecoderSignature(_session, model.Config, _folder));
        }

        public string Name { get; }

        public long WeightBytes { get; }

        public double LoadSeconds { get; }

        /// <summary>What the process took for itself since before the session, without the mapped weights.</summary>
        public long PrivateBytes => PrivateMemory() - _privateBefore;

        public double Prefill(int tokens)
        {
            int[] prompt = [.. Enumerable.Range(1, tokens)];
            Append([1]);
            _state.Reset();
            return Measure.Seconds(() => Append(prompt));
        }

        public void Step() => Append([_token]);

        public void Dispose()
        {
            _state.Dispose();
            _session.Dispose();
            _options.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private static long PrivateMemory()
        {
            GC.Collect();
            if (!OperatingSystem.IsLinux())
                return Process.GetCurrentProcess().PrivateMemorySize64;
            var anonymous = File.ReadLines("/proc/self/smaps_rollup").First(line => line.StartsWith("Anonymous:", StringComparison.Ordinal));
            return 1024 * long.Parse(anonymous.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }

        private void Append(ReadOnlySpan<int> tokens)
        {
            var logits = _state.Append(tokens, _options);
            var last = logits[^(logits.Length / tokens.Length)..];
            _token = 0;
            for (var token = 1; token < last.Length; token++)
                _token = last[token] > last[_token] ? token : _token;
        }
    }
}
