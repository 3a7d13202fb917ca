using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

/// <summary>What happens to a Hessian that has no Cholesky factor.</summary>
public sealed class RecoveryLadderTests
{
    [Fact]
    public void APositiveDefiniteHessianNeedsNoStep()
    {
        using var factor = Factor([2, 1, 3]);
        Assert.Equal(0.01, factor.Damp);
        Assert.DoesNotContain(factor.Warnings, warning => warning.Code is "GPTQ4011" or "GPTQ4012" or "GPTQ4013");
    }

    [Fact]
    public void RaisesTheDampingStepByStep()
    {
        // [[1, 1.05], [1.05, 1]] has the eigenvalue −0.05: ten times 0.01 is enough.
        using var factor = Factor([1, 1.05f, 1]);
        Assert.Equal(0.1, factor.Damp, 1e-9);
        Assert.Single(factor.Warnings, warning => warning.Code == "GPTQ4011");
        Assert.False(factor.IsRoundToNearest);
    }

    [Fact]
    public void RaisesTheDiagonalWhenDampingIsNotEnough()
    {
        using var factor = Factor([1, 5, 1]);
        Assert.Equal(2, factor.Warnings.Count(warning => warning.Code == "GPTQ4011"));
        Assert.Single(factor.Warnings, warning => warning.Code == "GPTQ4012");
        Assert.False(factor.IsRoundToNearest);
        AssertRuns(factor, SolverMethod.Gptq);
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void RoundsToNearestWhenNothingHelps(float overflowed)
    {
        using var factor = Factor([1, overflowed, 1]);
        Assert.True(factor.IsRoundToNearest);
        Assert.Equal("GPTQ4013", factor.Warnings[^1].Code);
        AssertRuns(factor, SolverMethod.Rtn);
    }

    [Fact]
    public void WarnsOfFewerTokensThanFeatures()
    {
        var layer = new RandomLayer(4, 64, 20, 1);
        var result = layer.Solve(new SolverOptions { GroupSize = 32 });
        var warning = Assert.Single(result.Report.Warnings);
        Assert.Equal("GPTQ4010", warning.Code);
        Assert.Contains("20 tokens for 64 input features", warning.Message, StringComparison.Ordinal);
        Assert.Equal((20, 1), (result.Report.Tokens, result.Report.Samples));
    }

    [Fact]
    public void SilentInputsAloneMakeNoTrouble()
    {
        var layer = new RandomLayer(4, 32, 50, 1);
        Array.Clear(layer.Inputs);
        var result = layer.Solve(new SolverOptions { GroupSize = 16 });
        Assert.Equal(32, result.Report.DeadColumns);
        var values = new float[4 * 32];
        result.Linear.Dequantize(values);
        Assert.All(values, value => Assert.Equal(0, value));
    }

    /// <summary>A factor of the 2 × 2 matrix with this lower triangle, repeated along the diagonal of a larger one.</summary>
    private static IHessianFactor Factor(float[] lower)
    {
        var hessian = new HessianAccumulator(200);
        for (var i = 0; i < 200; i += 2)
        {
            hessian.Sum(i, 200)[i] = lower[0];
            hessian.Sum(i + 1, 200)[i] = lower[1];
            hessian.Sum(i + 1, 200)[i + 1] = lower[2];
        }
        return SolverUnderTest.Create().Factor(hessian, new SolverOptions { ActOrder = ActOrder.Static });
    }

    private static void AssertRuns(IHessianFactor factor, SolverMethod expected)
    {
        var layer = new RandomLayer(4, 200, 1, 1);
        var result = SolverUnderTest.Create().Solve(factor, "layer", layer.Weight, 4, 200, new SolverOptions { ActOrder = ActOrder.Static });
        Assert.Equal(expected, result.Report.Method);
        var values = new float[layer.Weight.Length];
        result.Linear.Dequantize(values);
        Assert.All(values, value => Assert.True(float.IsFinite(value)));
    }
}
