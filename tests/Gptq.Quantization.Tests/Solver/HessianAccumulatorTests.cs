using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

public sealed class HessianAccumulatorTests
{
    private const int Features = 37;

    [Fact]
    public void SumsProductsOfInputs()
    {
        var layer = new RandomLayer(1, Features, 500, 1);
        using var hessian = layer.Hessian();
        for (var i = 0; i < Features; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var expected = Enumerable.Range(0, 500).Sum(token => (double)layer.Inputs[(token * Features) + i] * layer.Inputs[(token * Features) + j]);
                Assert.Equal(expected, hessian.Sum(i, Features)[j], 0.01);
            }
        }
        Assert.Equal((500, 1), (hessian.Tokens, hessian.Samples));
    }

    [Fact]
    public void SplitSavedLoadedAndMergedItIsTheSameSum()
    {
        var layer = new RandomLayer(1, Features, 2 * 384, 2);
        using var whole = layer.Hessian();
        using var first = Part(0);
        using var second = Part(1);
        using var stream = new MemoryStream();
        second.Save(stream);
        stream.Position = 0;
        using var loaded = HessianAccumulator.Load(stream);
        first.Merge(loaded);
        Assert.Equal((768, 2), (first.Tokens, first.Samples));
        for (var row = 0; row < Features; row++) Assert.Equal(whole.Sum(row, row + 1).ToArray(), first.Sum(row, row + 1).ToArray());

        HessianAccumulator Part(int which)
        {
            var hessian = new HessianAccumulator(Features);
            hessian.Add(layer.Inputs.AsSpan(which * 384 * Features, 384 * Features), 384, "layer", $"{which}");
            return hessian;
        }
    }

    [Fact]
    public void TheFloatInputsAreSavedToo()
    {
        var layer = new RandomLayer(6, Features, 100, 3);
        using var hessian = new HessianAccumulator(Features, withFloatInputs: true);
        hessian.Add(layer.Inputs, layer.Inputs.Select(value => 1.5f * value).ToArray(), 100, "layer", "0");
        using var stream = new MemoryStream();
        hessian.Save(stream);
        stream.Position = 0;
        using var loaded = HessianAccumulator.Load(stream);
        Assert.Equal(Solve(hessian), Solve(loaded));

        byte[] Solve(HessianAccumulator source)
        {
            var (solver, options) = (new CpuLayerSolver(), new SolverOptions { Method = SolverMethod.Gptaq, GroupSize = 16 });
            using var factor = solver.Factor(source, options);
            return solver.Solve(factor, "layer", layer.Weight, 6, Features, options).Linear.Codes;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(100)]
    public void RefusesACutOffFile(int length)
    {
        using var hessian = new HessianAccumulator(Features);
        using var stream = new MemoryStream();
        hessian.Save(stream);
        Assert.Throws<InvalidDataException>(() => HessianAccumulator.Load(new MemoryStream(stream.ToArray()[..length])));
    }

    [Fact]
    public void RefusesAFileThatClaimsMoreThanItHas()
    {
        var bytes = new byte[64];
        using var hessian = new HessianAccumulator(1);
        using var stream = new MemoryStream();
        hessian.Save(stream);
        stream.ToArray().CopyTo(bytes, 0);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), int.MaxValue);
        Assert.Throws<InvalidDataException>(() => HessianAccumulator.Load(new MemoryStream(bytes)));
        bytes[0] ^= 1;
        Assert.Throws<InvalidDataException>(() => HessianAccumulator.Load(new MemoryStream(bytes)));
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.PositiveInfinity, (3 * Features) + 5)]
    [InlineData(float.NegativeInfinity, (10 * Features) - 1)]
    public void NamesTheLayerAndTheSampleOfAnInputThatIsNoNumber(float value, int index)
    {
        using var hessian = new HessianAccumulator(Features);
        var rows = new float[10 * Features];
        hessian.Add(rows, 10, "fc1", "41");
        rows[index] = value;
        var exception = Assert.Throws<GptqException>(() => hessian.Add(rows, 10, "fc1", "42"));
        Assert.Equal("GPTQ4002", exception.Code);
        Assert.Contains($"fc1 is {value} at token {index / Features}, feature {index % Features} of calibration sample 42", exception.Message, StringComparison.Ordinal);
        Assert.Equal((10, 1), (hessian.Tokens, hessian.Samples));
    }

    [Fact]
    public void IsOfNoUseAfterItsFactorisation()
    {
        var hessian = new RandomLayer(1, Features, 100, 4).Hessian();
        using var copy = hessian.Clone();
        using var factor = new CpuLayerSolver().Factor(hessian, new SolverOptions());
        Assert.Throws<ObjectDisposedException>(() => hessian.Add(new float[Features], 1, "layer", "1"));
        copy.Add(new float[Features], 1, "layer", "1");
    }
}
