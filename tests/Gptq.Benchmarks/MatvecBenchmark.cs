using System.CommandLine;
using System.Globalization;
using Gptq.Numerics.Packed;
using Gptq.Runtime.Operators;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Benchmarks;

/// <summary>
/// y = x Wᵀ in ONNX Runtime, one row or many: gptq.MatMul at every width and precision, MatMulNBits where it can, and fp32 MatMul, all in
/// one run. Each model has several matrices, together larger than the caches, and a time is a model's divided by their number.
/// </summary>
internal sealed class MatvecBenchmark : IBenchmark
{
    private static readonly Option<int> s_rows = new("--rows") { DefaultValueFactory = _ => 1, Description = "Rows of activations." };
    private static readonly Option<int> s_k = new("--k") { DefaultValueFactory = _ => 4096, Description = "Input features." };
    private static readonly Option<int> s_n = new("--n") { DefaultValueFactory = _ => 11008, Description = "Output features." };
    private static readonly Option<string> s_threads = new("--threads") { DefaultValueFactory = _ => "1,2", Description = "Threads of a session, one run after the other." };
    private static readonly Option<int> s_runs = new("--runs") { DefaultValueFactory = _ => 15, Description = "Timed runs of each." };

    public Command CreateCommand()
    {
        var command = new Command("matvec", "Packed products against MatMulNBits and fp32 MatMul.") { s_rows, s_k, s_n, s_threads, s_runs };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        var (k, n, rows) = (arguments.GetValue(s_k), arguments.GetValue(s_n), arguments.GetValue(s_rows));
        using var models = new MatvecModels(k, n);
        using var input = OrtValue.CreateTensorValueFromMemory(Activations(rows * k), [rows, k]);
        var report = new Report().Add("kernel", PackedMatMul.KernelName).Add("k", k).Add("n", n).Add("rows", rows);
        foreach (var threads in arguments.GetValue(s_threads)!.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture)))
            Run(models, input, threads, arguments.GetValue(s_runs), report);
        report.Write(arguments);
    }

    private static void Run(MatvecModels models, OrtValue input, int threads, int runs, Report report)
    {
        var contenders = Contenders(models, threads).ToArray();
        var bandwidth = new ReadBandwidth(threads);
        var seconds = Measure.Interleaved(runs, [.. contenders.Select(contender => (Action)(() => contender.Run(input))), bandwidth.Read]);
        var bytesPerSecond = bandwidth.Bytes / seconds[^1];
        var run = string.Create(CultureInfo.InvariantCulture, $"t{threads}_");
        report.Add(run + "read_gb_per_s", bytesPerSecond / 1e9);
        var fp32 = seconds[0] / contenders[0].Copies;
        for (var i = 0; i < contenders.Length; i++)
        {
            var contender = contenders[i];
            var each = seconds[i] / contender.Copies;
            report.Add($"{run}{contender.Name}_ms", each * 1e3).Add($"{run}{contender.Name}_over_fp32", fp32 / each)
                .Add($"{run}{contender.Name}_of_bandwidth", contender.Bytes / each / bytesPerSecond);
            contender.Dispose();
        }
    }

    private static IEnumerable<Contender> Contenders(MatvecModels models, int threads)
    {
        yield return Open("fp32", models.Float(), null);
        foreach (var (bits, level) in new[] { (4, 4), (4, 0), (2, 4), (8, 4) })
            yield return Open(string.Create(CultureInfo.InvariantCulture, $"nbits{bits}_level{level}"), models.NBits(bits, level), null);
        foreach (var format in Enum.GetValues<PackedFormat>())
        {
            var model = models.Packed(format);
            foreach (var precision in Enum.GetValues<ActivationPrecision>())
                yield return Open($"gptq_{format}_{precision}".ToLowerInvariant(), model, precision);
        }

        Contender Open(string name, MatvecModels.Model model, ActivationPrecision? precision)
        {
            using var options = new SessionOptions { IntraOpNumThreads = threads };
            // Threads that wait for the next run would take the time of the other contenders'.
            options.AddSessionConfigEntry("session.force_spinning_stop", "1");
            if (precision is not null)
                options.RegisterGptqOperators(precision);
            return new Contender(name, model, new InferenceSession(model.File, options));
        }
    }

    private static float[] Activations(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() + random.NextDouble() - 1))];
    }

    private sealed class Contender(string name, MatvecModels.Model model, InferenceSession session) : IDisposable
    {
        private readonly RunOptions _options = new();

        public string Name => name;

        public int Copies => model.Copies;

        public long Bytes => model.Bytes;

        public void Run(OrtValue input)
        {
            using var results = session.Run(_options, ["x"], [input], session.OutputNames);
        }

        public void Dispose()
        {
            _options.Dispose();
            session.Dispose();
        }
    }
}
