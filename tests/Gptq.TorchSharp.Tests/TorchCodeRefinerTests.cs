using Gptq.Quantization;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Gptq.Quantization.Tests.Solver;
using TorchSharp;

namespace Gptq.TorchSharp.Tests;

/// <summary>Refinement on a device comes as far as on the processor.</summary>
public sealed class TorchCodeRefinerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(BitWidth.Two, 32, ActOrder.GroupAware, false)]
    [InlineData(BitWidth.Three, 64, ActOrder.None, true)]
    [InlineData(BitWidth.Four, -1, ActOrder.Static, true)]
    [InlineData(BitWidth.Three, 32, ActOrder.Dynamic, false)]
    [InlineData(BitWidth.Ternary, 128, ActOrder.None, false)]
    public void TheLossFallsAsFarAsOnTheProcessor(BitWidth bits, int groupSize, ActOrder order, bool halfScales)
    {
        torch.set_num_threads(1);
        var layer = new RandomLayer(70, 200, 500, 4);
        var options = new SolverOptions
        {
            Bits = bits, GroupSize = groupSize, ActOrder = order, ScaleStorage = halfScales ? ScaleStorage.HalfPrecision : ScaleStorage.SinglePrecision,
        };
        var start = layer.Solve(options).Linear;
        var refinement = new RefinementOptions(4, RefineScales: true, halfScales);

        var expected = Refine(new CpuCodeRefiner(2), layer, start, refinement);
        foreach (var type in new[] { torch.ScalarType.Float64, torch.ScalarType.Float32 })
        {
            var actual = Refine(new TorchCodeRefiner(torch.CPU, type), layer, start, refinement);
            var share = (double)expected.Linear.Codes.Zip(actual.Linear.Codes).Count(pair => pair.First == pair.Second) / start.Codes.Length;
            output.WriteLine($"{bits}, {groupSize}, {order}, {type}: {share:P3} of the codes equal, loss {actual.LossBefore:G6} to {actual.LossAfter:G6}, on the processor {expected.LossBefore:G6} to {expected.LossAfter:G6}");
            // The processor's passes take turns in their direction, so both come to an optimum of the same worth, not to the same codes.
            Assert.InRange(share, 0.95, 1);
            Assert.Equal(expected.LossBefore, actual.LossBefore, 1e-3 * expected.LossBefore);
            Assert.InRange(actual.LossAfter, 0.95 * expected.LossAfter, 1.02 * expected.LossAfter);
            Assert.Equal(expected.Linear.GroupIndex, actual.Linear.GroupIndex);
            if (bits != BitWidth.Ternary) Assert.Equal(start.Zeros, actual.Linear.Zeros);
            if (halfScales) Assert.All(actual.Linear.Scales, scale => Assert.Equal((float)(Half)scale, scale));
        }
    }

    private static RefinementResult Refine(ICodeRefiner refiner, RandomLayer layer, QuantizedLinear start, RefinementOptions options)
    {
        using var sum = layer.Hessian();
        using var hessian = refiner.Prepare(sum, 0.01);
        return refiner.Refine(layer.Weight, hessian, start, options, default);
    }
}
