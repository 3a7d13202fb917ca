using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Gptq.Quantization.Tests.Solver;

namespace Gptq.Quantization.Tests.Devices;

/// <summary>A device that runs out of memory at every moment at which it can: the result stays that of the processor.</summary>
public sealed class DeviceSolverTests
{
    private const int Rows = 4 * DeviceSolver.FewestRows;
    private const int Columns = 64;
    private static readonly SolverOptions s_options = new() { GroupSize = 32, ActOrder = ActOrder.GroupAware };
    private static readonly RefinementOptions s_refinement = new(2, RefineScales: true, HalfPrecisionScales: false);
    private static readonly RandomLayer s_layer = new(Rows, Columns, 200, 3);

    public static TheoryData<string> Moments => ["never", "rows", "rows while refining", "factor", "refinement", "any rows", "any rows while refining"];

    [Theory]
    [MemberData(nameof(Moments))]
    public void TheResultIsTheProcessorsWhateverFits(string moment)
    {
        var gpu = new FakeGpu();
        switch (moment)
        {
            case "rows": gpu.MostRows = 300; break;
            case "rows while refining": gpu.MostRefinedRows = 600; break;
            case "factor": gpu.WidestFactor = 32; break;
            case "refinement": gpu.WidestRefinement = 32; break;
            case "any rows": gpu.MostRows = 0; break;
            case "any rows while refining": gpu.MostRefinedRows = 0; break;
        }
        var device = new DeviceSolver(gpu.CreateSolver(gpu.Machine.Gpus[0]), gpu.CreateRefiner(gpu.Machine.Gpus[0]), new CpuLayerSolver(1), new CpuCodeRefiner(1));

        var expected = Run(new CpuLayerSolver(1), new CpuCodeRefiner(1));
        var actual = Run(device, device);

        Assert.Equal(expected.Solved.Linear.Codes, actual.Solved.Linear.Codes);
        Assert.Equal(expected.Solved.Linear.Scales, actual.Solved.Linear.Scales);
        Assert.Equal(expected.Refined.Linear.Codes, actual.Refined.Linear.Codes);
        Assert.Equal(expected.Refined.LossAfter, actual.Refined.LossAfter, 1e-4 * expected.Refined.LossAfter);
        Assert.Equal(expected.Solved.Report.Loss!.Value, actual.Solved.Report.Loss!.Value, 1e-4 * expected.Solved.Report.Loss.Value);
        // Pieces take other samples of rows for the comparison with round-to-nearest.
        Assert.Equal(expected.Solved.Report.LossVersusRtn!.Value, actual.Solved.Report.LossVersusRtn!.Value, 0.05);
        Assert.Equal(expected.Solved.Report.Samples, actual.Solved.Report.Samples);

        string[] codes = [.. device.Warnings().Select(warning => warning.Code)];
        Assert.Equal(
            moment switch { "never" => [], "rows" or "rows while refining" => ["GPTQ6104"], _ => ["GPTQ6105"] },
            codes);
        Assert.Equal(
            moment switch { "never" or "rows while refining" or "any rows while refining" => 1, "rows" => 4, _ => 0 },
            gpu.Solved.Count);
        if (codes.Length > 0) Assert.Contains("layer", device.Warnings()[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherLayersOfTheSameHessianStayWhereTheFirstOneWent()
    {
        var gpu = new FakeGpu { MostRows = 0 };
        var device = new DeviceSolver(gpu.CreateSolver(gpu.Machine.Gpus[0]), gpu.CreateRefiner(gpu.Machine.Gpus[0]), new CpuLayerSolver(1), new CpuCodeRefiner(1));
        using var factor = device.Factor(s_layer.Hessian(), s_options);
        var first = device.Solve(factor, "first", s_layer.Weight, Rows, Columns, s_options);
        gpu.MostRows = int.MaxValue;
        var second = device.Solve(factor, "second", s_layer.Weight, Rows, Columns, s_options);
        Assert.Equal(first.Linear.Codes, second.Linear.Codes);
        Assert.Empty(gpu.Solved);
        Assert.Contains("first, second", Assert.Single(device.Warnings()).Message, StringComparison.Ordinal);
    }

    private static (SolveResult Solved, RefinementResult Refined) Run(ILayerSolver solver, ICodeRefiner refiner)
    {
        using var hessian = s_layer.Hessian();
        using var prepared = refiner.Prepare(hessian, s_options.Damp);
        using var factor = solver.Factor(hessian, s_options);
        var solved = solver.Solve(factor, "layer", s_layer.Weight, Rows, Columns, s_options);
        return (solved, refiner.Refine(s_layer.Weight, prepared, solved.Linear, s_refinement, default));
    }
}
