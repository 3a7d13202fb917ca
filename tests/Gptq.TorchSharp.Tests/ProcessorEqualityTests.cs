using Gptq.Quantization.Solver;
using Gptq.Quantization.Tests.Solver;
using Gptq.Tests;
using TorchSharp;

namespace Gptq.TorchSharp.Tests;

/// <summary>The codes of the processor's solver, on the layers of the reference implementation and on random ones.</summary>
public sealed class ProcessorEqualityTests(ITestOutputHelper output)
{
    public static TheoryData<string> Layers => ReferenceLayersTests.Cases;

    [Theory]
    [MemberData(nameof(Layers))]
    public void CodesAreTheProcessorsOnReferenceLayers(string name)
    {
        var path = TestPaths.RequireReference("layers", name + ".safetensors");
        Assert.SkipUnless(File.Exists(path), $"No layers in {Path.GetDirectoryName(path)}.");
        var layer = new ReferenceLayer(path);
        var expected = Solve(new CpuLayerSolver(2), layer);
        foreach (var device in Devices())
        {
            Assert.Equal(1, Share(name, device, torch.ScalarType.Float64, expected, Solve(new TorchLayerSolver(device, torch.ScalarType.Float64), layer)));
            Assert.InRange(Share(name, device, torch.ScalarType.Float32, expected, Solve(new TorchLayerSolver(device), layer)), 0.995, 1);
        }
    }

    public static TheoryData<int, ActOrder, bool, int> Kinds => new()
    {
        { 4, ActOrder.None, false, 128 }, { 3, ActOrder.GroupAware, false, 64 }, { 2, ActOrder.Static, true, 32 }, { 8, ActOrder.Dynamic, false, -1 }, { 4, ActOrder.Dynamic, true, 256 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void CodesAreTheProcessorsOnRandomLayers(int bits, ActOrder order, bool halfScales, int groupSize)
    {
        var layer = new RandomLayer(150, 300, 800, bits);
        foreach (var importance in new[] { false, true })
        {
            var options = new SolverOptions
            {
                Bits = (Quantization.BitWidth)bits, ActOrder = order, GroupSize = groupSize, ImportanceWeighted = importance, MseSearch = importance,
                ScaleStorage = halfScales ? ScaleStorage.HalfPrecision : ScaleStorage.SinglePrecision,
            };
            var expected = Solve(new CpuLayerSolver(2), layer, options);
            foreach (var device in Devices())
            {
                var actual = Solve(new TorchLayerSolver(device), layer, options);
                Assert.InRange(Share($"{bits} bits, {order}, {groupSize}", device, torch.ScalarType.Float32, expected, actual), 0.98, 1);
                Assert.Equal(expected.Report.Loss!.Value, actual.Report.Loss!.Value, 0.01 * expected.Report.Loss.Value);
                Assert.Equal(expected.Report.LossVersusRtn!.Value, actual.Report.LossVersusRtn!.Value, 0.01);
                Assert.Equal(expected.Linear.GroupIndex, actual.Linear.GroupIndex);
            }
        }
    }

    private static IEnumerable<torch.Device> Devices()
    {
        torch.set_num_threads(1);
        yield return torch.CPU;
        if (torch.cuda.is_available()) yield return torch.device("cuda:0");
    }

    private double Share(string name, torch.Device device, torch.ScalarType type, SolveResult expected, SolveResult actual)
    {
        var equal = expected.Linear.Codes.Zip(actual.Linear.Codes).Count(pair => pair.First == pair.Second);
        var share = (double)equal / expected.Linear.Codes.Length;
        output.WriteLine($"{name}, {device}, {type}: {share:P3} of the codes equal, loss {actual.Report.Loss:G6} against {expected.Report.Loss:G6}");
        return share;
    }

    private static SolveResult Solve(ILayerSolver solver, ReferenceLayer layer)
    {
        using var factor = solver.Factor(layer.Hessian(), layer.Options);
        return solver.Solve(factor, layer.Name, layer.Weight, layer.OutFeatures, layer.InFeatures, layer.Options);
    }

    private static SolveResult Solve(ILayerSolver solver, RandomLayer layer, SolverOptions options)
    {
        using var factor = solver.Factor(layer.Hessian(), options);
        return solver.Solve(factor, "layer", layer.Weight, layer.OutFeatures, layer.InFeatures, options);
    }
}
