using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Tests.Solver;

public sealed class CodeRefinementTests
{
    private const int Out = 100;
    private const int In = 348;

    [Theory]
    [InlineData(BitWidth.Two, 32, false, 1, ActOrder.None)]
    [InlineData(BitWidth.Two, 32, false, 2, ActOrder.GroupAware)]
    [InlineData(BitWidth.Three, 64, true, 3, ActOrder.GroupAware)]
    [InlineData(BitWidth.Three, 64, true, 4, ActOrder.Static)]
    [InlineData(BitWidth.Four, In, true, 4, ActOrder.Dynamic)]
    [InlineData(BitWidth.Ternary, In, false, 4, ActOrder.None)]
    [InlineData(BitWidth.Ternary, 16, true, 5, ActOrder.GroupAware)]
    public void The_loss_falls_and_the_format_stays(BitWidth bits, int groupSize, bool halfPrecision, int sweeps, ActOrder order)
    {
        var (weight, hessian, start) = Problem(bits, groupSize, seed: 3);

        var result = Refine(weight, hessian, start, new RefinementOptions(sweeps, true, halfPrecision), 2, order);

        var refined = result.Linear;
        Assert.Equal(Loss(weight, hessian, start), result.LossBefore, 1e-4 * result.LossBefore);
        Assert.Equal(Loss(weight, hessian, refined), result.LossAfter, 1e-4 * result.LossBefore);
        Assert.True(Loss(weight, hessian, refined) < 0.9 * Loss(weight, hessian, start));
        Assert.Equal((start.Bits, start.GroupSize, start.Groups), (refined.Bits, refined.GroupSize, refined.Groups));
        Assert.All(refined.Codes, code => Assert.InRange(code, 0, bits == BitWidth.Ternary ? 2 : (1 << (int)bits) - 1));
        if (halfPrecision) Assert.All(refined.Scales, scale => Assert.Equal((float)(Half)scale, scale));
        if (bits != BitWidth.Ternary) Assert.Equal(start.Zeros, refined.Zeros);
    }

    [Fact]
    public void At_the_end_no_single_code_can_be_bettered()
    {
        var (weight, hessian, start) = Problem(BitWidth.Two, 32, seed: 7);

        var refined = Refine(weight, hessian, start, new RefinementOptions(40, false, false), 1, ActOrder.GroupAware).Linear;

        var loss = Loss(weight, hessian, refined);
        for (var at = 0; at < refined.Codes.Length; at += 1301)
        {
            var code = refined.Codes[at];
            foreach (var other in new[] { code - 1, code + 1 }.Where(other => other is >= 0 and <= 3))
            {
                refined.Codes[at] = (byte)other;
                Assert.True(Loss(weight, hessian, refined) >= loss * (1 - 1e-5));
            }
            refined.Codes[at] = code;
        }
    }

    [Fact]
    public void One_code_that_is_off_is_found()
    {
        var (weight, _, start) = Problem(BitWidth.Four, 32, seed: 5);
        // Inputs that do not depend on one another: no other code could make up for the wrong one.
        var hessian = new float[In * In];
        for (var i = 0; i < In; i++) hessian[(i * In) + i] = 1 + i;
        var exact = new float[weight.Length];
        start.Dequantize(exact);
        var codes = (byte[])start.Codes.Clone();
        codes[37] ^= 1;
        var off = new QuantizedLinear(Out, In, start.Bits, start.GroupSize, codes, start.Scales, start.Zeros);

        var refined = Refine(exact, hessian, off, new RefinementOptions(3, false, false), 1, ActOrder.None).Linear;

        Assert.Equal(start.Codes, refined.Codes);
    }

    [Fact]
    public void Threads_change_nothing()
    {
        var (weight, hessian, start) = Problem(BitWidth.Two, 32, seed: 9);
        var one = Refine(weight, hessian, start, new RefinementOptions(3, true, true), 1, ActOrder.GroupAware).Linear;
        var seven = Refine(weight, hessian, start, new RefinementOptions(3, true, true), 7, ActOrder.GroupAware).Linear;
        Assert.Equal(one.Codes, seven.Codes);
        Assert.Equal(one.Scales, seven.Scales);
    }

    [Fact]
    public void A_Hessian_without_a_factor_changes_nothing()
    {
        var (weight, hessian, start) = Problem(BitWidth.Two, 32, seed: 9);
        hessian[1] = hessian[In] = float.PositiveInfinity;
        var result = Refine(weight, hessian, start, new RefinementOptions(3, true, true), 1, ActOrder.None);
        Assert.Equal(start.Codes, result.Linear.Codes);
        Assert.Equal(1, result.Remaining);
    }

    // As the pipeline does it: the Hessian is what the solver's factor leaves of it.
    private static RefinementResult Refine(float[] weight, float[] hessian, QuantizedLinear start, RefinementOptions options, int threads, ActOrder order)
    {
        using var accumulator = new HessianAccumulator(In);
        for (var row = 0; row < In; row++) hessian.AsSpan(row * In, row + 1).CopyTo(accumulator.Sum(row, row + 1));
        var refiner = new CpuCodeRefiner(threads);
        using var wanted = refiner.Prepare(accumulator, 0);
        using var factor = new CpuLayerSolver(threads).Factor(
            accumulator, new SolverOptions { Damp = 0, GroupSize = start.GroupSize == In ? -1 : start.GroupSize, ActOrder = order });
        return refiner.Refine(weight, wanted, start, options, default);
    }

    // Round-to-nearest as the start: what the solver finds is better, so that a fall from here says less than one from there would.
    private static (float[] Weight, float[] Hessian, QuantizedLinear Start) Problem(BitWidth bits, int groupSize, int seed)
    {
        var random = new Random(seed);
        var weight = new float[Out * In];
        for (var i = 0; i < weight.Length; i++) weight[i] = (float)((random.NextDouble() * 2) - 1);
        var hessian = new float[In * In];
        for (var sample = 0; sample < 3 * In; sample++)
        {
            var common = random.NextDouble() - 0.5;
            var x = Enumerable.Range(0, In).Select(_ => (float)(random.NextDouble() - 0.5 + common)).ToArray();
            for (var i = 0; i < In; i++)
                for (var j = 0; j < In; j++) hessian[(i * In) + j] += x[i] * x[j];
        }
        var result = new CpuLayerSolver(1).Solve(
            null, "layer", weight, Out, In,
            new SolverOptions { Bits = bits, GroupSize = groupSize == In ? -1 : groupSize, Method = SolverMethod.Rtn, ScaleStorage = ScaleStorage.HalfPrecision });
        return (weight, hessian, result.Linear);
    }

    private static double Loss(float[] weight, float[] hessian, QuantizedLinear linear)
    {
        var quantized = new float[weight.Length];
        linear.Dequantize(quantized);
        double loss = 0;
        for (var row = 0; row < Out; row++)
        {
            for (var i = 0; i < In; i++)
            {
                for (var j = 0; j < In; j++)
                    loss += (double)(quantized[(row * In) + i] - weight[(row * In) + i]) * hessian[(i * In) + j] * (quantized[(row * In) + j] - weight[(row * In) + j]);
            }
        }
        return loss;
    }
}
