using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

public sealed class GptaqTests
{
    [Fact]
    public void ComesCloserToTheFloatModelThanGptqWhenTheInputHasChanged()
    {
        double gptaq = 0, gptq = 0;
        for (var seed = 0; seed < 5; seed++)
        {
            var layer = new RandomLayer(20, 150, 400, seed);
            var original = Disturbed(layer.Inputs, seed);
            var options = new SolverOptions { Bits = BitWidth.Three, GroupSize = 32, ActOrder = ActOrder.Static };
            gptq += layer.OutputDistance(layer.Solve(options).Linear, original);
            gptaq += layer.OutputDistance(Solve(layer, original, options with { Method = SolverMethod.Gptaq, AsymmetryScale = 1 }).Linear, original);
        }
        Assert.True(gptaq < gptq, $"{gptaq} against {gptq}");
    }

    [Fact]
    public void IsGptqWhenTheInputHasNotChanged()
    {
        var layer = new RandomLayer(20, 150, 400, 1);
        var options = new SolverOptions { GroupSize = 64, ActOrder = ActOrder.Dynamic };
        Assert.Equal(layer.Solve(options).Linear.Codes, Solve(layer, layer.Inputs, options with { Method = SolverMethod.Gptaq }).Linear.Codes);
    }

    [Fact]
    public void WantsTheFloatInputs()
    {
        var layer = new RandomLayer(2, 16, 40, 1);
        using var hessian = layer.Hessian();
        var exception = Assert.Throws<GptqException>(() => SolverUnderTest.Create().Factor(hessian, new SolverOptions { Method = SolverMethod.Gptaq }));
        Assert.Equal("GPTQ4004", exception.Code);
    }

    private static SolveResult Solve(RandomLayer layer, float[] original, SolverOptions options)
    {
        var solver = SolverUnderTest.Create();
        using var hessian = new HessianAccumulator(layer.InFeatures, withFloatInputs: true);
        hessian.Add(layer.Inputs, original, layer.Tokens, "layer", "0");
        using var factor = solver.Factor(hessian, options);
        return solver.Solve(factor, "layer", layer.Weight, layer.OutFeatures, layer.InFeatures, options);
    }

    private static float[] Disturbed(float[] inputs, int seed)
    {
        var random = new Random(seed);
        return [.. inputs.Select(value => value * (1.1f + (0.2f * random.NextSingle())))];
    }
}
