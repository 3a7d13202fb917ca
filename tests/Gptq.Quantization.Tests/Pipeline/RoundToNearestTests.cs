using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>Method=rtn: weights are rounded, and nothing else is looked at.</summary>
public sealed class RoundToNearestTests : PipelineTest
{
    [Fact]
    public async Task Needs_no_calibration()
    {
        // Too short for a sequence: whoever draws one fails with GPTQ3004.
        var text = Path.Combine(Root, "short.txt");
        await File.WriteAllTextAsync(text, "To be", TestContext.Current.CancellationToken);
        var options = new QuantizationOptions { Method = SolverMethod.Rtn, CalibrationData = text };

        await RunAsync(Request(options));

        Assert.True(File.Exists(Path.Combine(Output, "model.onnx")));
        var needy = await Assert.ThrowsAsync<GptqException>(() => RunAsync(
            Request(options with { Method = SolverMethod.Gptq }) with { OutputDirectory = Path.Combine(Root, "other") }));
        Assert.Equal("GPTQ3004", needy.Code);
    }

    [Fact]
    public void Gives_the_codes_of_plain_rounding()
    {
        using var source = ModelSource.Open(TestPaths.BardOpt);
        var options = new QuantizationOptions { Method = SolverMethod.Rtn, MseSearch = false };
        var plan = QuantizationPlan.Create(source.Architecture, options);
        using var runner = new BlockRunner(source.Architecture, threads: 1);
        using var block = runner.OpenBlock(0);
        var weights = block.Linears.ToDictionary(linear => linear.Name, linear => block.Weight(linear).ToArray());

        var results = new BlockQuantizer(plan, new CpuLayerSolver(1), new CpuCodeRefiner(1), trueSequential: false, refinementSweeps: 4, threads: 1)
            .Run(block, activations: null, floatActivations: null, CancellationToken.None);

        Assert.NotEmpty(results);
        foreach (var result in results)
        {
            var (linear, weight) = (result.Linear, weights[result.Report.Layer]);
            for (var at = 0; at < weight.Length; at += 97)
            {
                var (row, column) = (at / linear.InFeatures, at % linear.InFeatures);
                var group = (row * linear.Groups) + linear.GroupOf(column);
                var nearest = MathF.Round(weight[at] / linear.Scales[group], MidpointRounding.ToEven) + linear.Zeros[group];
                Assert.Equal(Math.Clamp(nearest, 0, 15), linear.Codes[at]);
            }
        }
    }
}
