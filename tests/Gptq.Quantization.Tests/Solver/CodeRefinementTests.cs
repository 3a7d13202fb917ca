using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Tests.Solver;

public sealed class CodeRefinementTests
{
    private const int Out = 40;
    private const int In = 96;

    [Theory]
    [InlineData(BitWidth.Two, 32, false)]
    [InlineData(BitWidth.Three, 64, true)]
    [InlineData(BitWidth.Four, 96, true)]
    [InlineData(BitWidth.Ternary, 96, false)]
    public void The_loss_falls_and_the_format_stays(BitWidth bits, int groupSize, bool halfPrecision)
    {
        var (weight, hessian, start) = Problem(bits, groupSize, seed: 3);

        var result = CodeRefinement.Refine(weight, hessian, start, new RefinementOptions(4, true, halfPrecision), 2, default);

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

        var refined = CodeRefinement.Refine(exact, hessian, off, new RefinementOptions(3, false, false), 1, default).Linear;

        Assert.Equal(start.Codes, refined.Codes);
    }

    [Fact]
    public void Threads_change_nothing()
    {
        var (weight, hessian, start) = Problem(BitWidth.Two, 32, seed: 9);
        var one = CodeRefinement.Refine(weight, hessian, start, new RefinementOptions(3, true, true), 1, default).Linear;
        var seven = CodeRefinement.Refine(weight, hessian, start, new RefinementOptions(3, true, true), 7, default).Linear;
        Assert.Equal(one.Codes, seven.Codes);
        Assert.Equal(one.Scales, seven.Scales);
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
