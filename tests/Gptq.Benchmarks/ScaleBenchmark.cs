using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Benchmarks;

/// <summary>
/// The first blocks of an OPT model of any size, with random weights that are made as they are read: time a block and peak memory. The time of
/// the forward passes and Hessians grows with the calibration, that of solving does not, so a run with few sequences tells of one with many.
/// </summary>
internal sealed class ScaleBenchmark : IBenchmark
{
    private readonly Option<int> _hidden = new("--hidden") { Description = "Width of the hidden state; OPT-13B has 5120.", DefaultValueFactory = _ => 5120 };
    private readonly Option<int> _heads = new("--heads") { Description = "Heads; OPT-13B has 40.", DefaultValueFactory = _ => 40 };
    private readonly Option<int> _blocks = new("--blocks") { DefaultValueFactory = _ => 2 };
    private readonly Option<int> _samples = new("--samples") { DefaultValueFactory = _ => 2 };
    private readonly Option<int> _length = new("--length") { DefaultValueFactory = _ => 2048 };
    private readonly Option<int> _sweeps = new("--sweeps") { Description = "Passes of the refinement.", DefaultValueFactory = _ => 4 };

    public Command CreateCommand()
    {
        var command = new Command("scale", "Time a block and peak memory at the shapes of a large OPT model.") { _hidden, _heads, _blocks, _samples, _length, _sweeps };
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult arguments)
    {
        int hidden = arguments.GetValue(_hidden), blocks = arguments.GetValue(_blocks), samples = arguments.GetValue(_samples), length = arguments.GetValue(_length);
        var threads = Environment.ProcessorCount;
        var json = string.Create(CultureInfo.InvariantCulture, $$"""
            { "model_type": "opt", "hidden_size": {{hidden}}, "ffn_dim": {{4 * hidden}}, "num_attention_heads": {{arguments.GetValue(_heads)}},
              "num_hidden_layers": {{blocks}}, "vocab_size": 512, "word_embed_proj_dim": {{hidden}}, "max_position_embeddings": {{length}} }
            """);
        var config = ModelConfig.Parse(Encoding.UTF8.GetBytes(json));
        var architecture = Architecture.Create(config, new RandomTensors(Architecture.RequiredTensors(config)));
        var random = new Random(1);
        var sequences = Enumerable.Range(0, samples).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(512)).ToArray()).ToList();
        var options = new SolverOptions { ActOrder = ActOrder.GroupAware, ImportanceWeighted = true, ScaleStorage = ScaleStorage.HalfPrecision };
        var quantizer = new BlockQuantizer(QuantizationPlan.Uniform(architecture, options), new CpuLayerSolver(threads), new CpuCodeRefiner(threads), trueSequential: false, arguments.GetValue(_sweeps), threads);

        var times = new PhaseTimes();
        using var runner = new BlockRunner(architecture, threads);
        CalibrationActivations activations;
        using (var embedding = runner.OpenEmbedding()) activations = CalibrationActivations.Embed(embedding, sequences, default);
        for (var layer = 0; layer < blocks; layer++)
        {
            using var block = times.Measure("read", () => runner.OpenBlock(layer));
            quantizer.Run(block, activations, null, default);
            times.Measure("advance", () =>
            {
                activations.Advance(block, default);
                return 0;
            });
        }
        using var process = Process.GetCurrentProcess();
        Report(arguments, new Shape(hidden, samples * length, blocks), process.PeakWorkingSet64, times, quantizer.Times);
    }

    private static void Report(ParseResult arguments, Shape shape, long peak, PhaseTimes outside, PhaseTimes inside)
    {
        double Wall(PhaseTimes times, string phase) => times.Phases.GetValueOrDefault(phase).Wall / shape.Blocks;
        double Processor(PhaseTimes times, string phase) => times.Phases.GetValueOrDefault(phase).Processor / shape.Blocks;
        double square = (double)shape.Hidden * shape.Hidden * sizeof(float), mebibyte = 1 << 20;
        // Four of the hidden width and two of the feed-forward; three inputs of the hidden width and one four times as wide.
        double weights = 12 * square, hessians = (3 + 16) * square, states = (double)shape.Tokens * shape.Hidden * sizeof(float);
        var forward = 2.0 * 12 * shape.Hidden * shape.Hidden * shape.Tokens;
        var perToken = (Wall(inside, "calibrate") + Wall(outside, "advance")) / shape.Tokens;
        var perBlock = Wall(outside, "read") + Wall(inside, "factor") + Wall(inside, "solve") + Wall(inside, "refine");
        var report = new Report().Add("benchmark", "scale").Add("hidden", shape.Hidden).Add("tokens", shape.Tokens);
        foreach (var phase in new[] { "read", "calibrate", "factor", "solve", "refine", "advance" })
        {
            var times = phase is "read" or "advance" ? outside : inside;
            report.Add($"{phase}_seconds", Wall(times, phase)).Add($"{phase}_processor_seconds", Processor(times, phase));
        }
        report
            .Add("advance_gflops", forward / Wall(outside, "advance") / 1e9)
            .Add("refine_over_factor_and_solve", Processor(inside, "refine") / (Processor(inside, "factor") + Processor(inside, "solve")))
            .Add("block_seconds_at_262144_tokens", perBlock + (perToken * 262144))
            .Add("weights_mib", weights / mebibyte).Add("hessians_mib", hessians / mebibyte).Add("activations_mib", states / mebibyte)
            .Add("peak_mib", peak / mebibyte).Add("peak_ratio", peak / (weights + hessians + states))
            .Write(arguments);
    }

    private sealed record Shape(int Hidden, int Tokens, int Blocks);
}
