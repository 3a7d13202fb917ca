using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Gptq.Quantization.Checkpoints.Safetensors;
using Gptq.Quantization.Evaluation;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>Perplexities of the reference pipeline, on the very tokens that it used.</summary>
public sealed class ReferenceModelsTests
{
    [Fact]
    public void Bard_reaches_the_reference_at_4_bits() => Compare(TestPaths.BardOpt, "bard-opt", [(BitWidth.Four, -1), (BitWidth.Four, 128)]);

    [Fact]
    public void Stories_reaches_the_reference_at_8_4_and_3_bits() =>
        Compare(TestPaths.RequireShared("models", "stories260K"), "stories260K", [(BitWidth.Eight, -1), (BitWidth.Four, -1), (BitWidth.Three, -1)]);

    private static void Compare(string checkpoint, string name, IReadOnlyList<(BitWidth Bits, int GroupSize)> cases)
    {
        var reference = JsonNode.Parse(File.ReadAllText(TestPaths.RequireReference("models", name, "perplexity.json")))!;
        using var ids = SafetensorsFile.Open(TestPaths.RequireReference("models", name, "ids.safetensors"));
        var (calibration, windows) = (Read(ids, "calibration_ids"), Read(ids, "test_ids"));
        using var source = ModelSource.Open(checkpoint);
        var threads = Environment.ProcessorCount;

        var exact = EvaluationWindows.Perplexity(QualityRun.Float(source.Architecture, windows, threads));
        Assert.Equal(reference["float"]!.GetValue<double>(), exact, 1e-3);

        foreach (var (bits, groupSize) in cases)
        {
            var expected = Expected(reference, bits, groupSize);
            var plain = new SolverOptions { Bits = bits, GroupSize = groupSize };
            double Perplexity(SolverOptions options) => EvaluationWindows.Perplexity(QualityRun.Run(
                source.Architecture,
                new BlockQuantizer(QuantizationPlan.Uniform(source.Architecture, options), new CpuLayerSolver(threads), new CpuCodeRefiner(threads), trueSequential: false, refinementSweeps: 0, threads),
                calibration, windows, threads));

            var nearest = Perplexity(plain with { Method = SolverMethod.Rtn });
            var ours = Perplexity(plain);
            TestContext.Current.TestOutputHelper!.WriteLine($"{name} {bits} g{groupSize}: float {exact:0.00}, RTN {nearest:0.00} ({expected.Rtn:0.00}), GPTQ {ours:0.00} ({expected.Gptq:0.00})");
            Assert.Equal(expected.Rtn, nearest, 0.01 * expected.Rtn);
            Assert.True(ours < 1.01 * expected.Gptq, $"{ours} against {expected.Gptq} of the reference");
        }
    }

    private static (double Rtn, double Gptq) Expected(JsonNode reference, BitWidth bits, int groupSize)
    {
        var result = reference["results"]!.AsArray().Single(entry =>
        {
            var options = entry!["options"]!.AsObject();
            return options["bits"]!.GetValue<int>() == (int)bits
                && (options["group"]?.GetValue<int>() ?? -1) == groupSize
                && options.Count == (groupSize == -1 ? 1 : 2);
        })!;
        return (result["rtn"]!.GetValue<double>(), result["gptq"]!.GetValue<double>());
    }

    private static int[][] Read(SafetensorsFile file, string name)
    {
        var shape = file.Tensors[name].Shape;
        var ids = new long[shape[0] * shape[1]];
        file.ReadRaw(name, 0, MemoryMarshal.AsBytes(ids.AsSpan()));
        return [.. ids.Chunk((int)shape[1]).Select(row => row.Select(id => (int)id).ToArray())];
    }
}
