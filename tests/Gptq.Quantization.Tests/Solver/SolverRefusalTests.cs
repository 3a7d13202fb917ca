using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

public sealed class SolverRefusalTests
{
    public static TheoryData<SolverOptions> Impossible =>
    [
        new SolverOptions { Bits = (BitWidth)5 },
        new SolverOptions { GroupSize = 0 },
        new SolverOptions { GroupSize = 100 },
        new SolverOptions { GroupSize = 8 },
        new SolverOptions { GroupSize = 2048 },
        new SolverOptions { Damp = -0.1 },
        new SolverOptions { Damp = double.NaN },
        new SolverOptions { AsymmetryScale = 2 },
        new SolverOptions { FullRangeSymmetric = true },
        new SolverOptions { FullRangeSymmetric = true, Symmetric = true, Bits = BitWidth.Ternary },
        new SolverOptions { ActOrder = ActOrder.Dynamic, StaticGroups = true },
    ];

    [Theory]
    [MemberData(nameof(Impossible))]
    public void OptionsThatDoNotFitTogether(SolverOptions options) => Assert.Equal("GPTQ4001", Assert.Throws<GptqException>(options.Validate).Code);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void WeightsThatAreNoNumbers(float value)
    {
        var layer = new RandomLayer(60, 40, 50, 1);
        layer.Weight[(55 * 40) + 3] = value;
        var exception = Assert.Throws<GptqException>(() => layer.Solve(new SolverOptions { GroupSize = 16 }));
        Assert.Equal("GPTQ4003", exception.Code);
        Assert.Contains("layer is " + value + " at row 55, column 3", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFactorOfAnotherColumnOrder()
    {
        var layer = new RandomLayer(4, 40, 50, 1);
        var solver = SolverUnderTest.Create();
        using var factor = solver.Factor(layer.Hessian(), new SolverOptions { ActOrder = ActOrder.Static });
        Assert.Throws<ArgumentException>(() => solver.Solve(factor, "layer", layer.Weight, 4, 40, new SolverOptions()));
    }

    [Fact]
    public void ACancelledSolveStops()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var layer = new RandomLayer(200, 40, 50, 1);
        var solver = SolverUnderTest.Create();
        Assert.ThrowsAny<OperationCanceledException>(() => solver.Factor(layer.Hessian(), new SolverOptions(), source.Token));
        using var factor = solver.Factor(layer.Hessian(), new SolverOptions());
        Assert.ThrowsAny<OperationCanceledException>(() => solver.Solve(factor, "layer", layer.Weight, 200, 40, new SolverOptions(), source.Token));
    }
}
