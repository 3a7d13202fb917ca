using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

public sealed class SolverPropertyTests
{
    private static readonly BitWidth[] AllBits = [BitWidth.Ternary, BitWidth.Two, BitWidth.Three, BitWidth.Four, BitWidth.Eight];

    public static TheoryData<int, int, int, int> Shapes => new()
    {
        { 1, 16, 16, -1 }, { 5, 33, 80, 16 }, { 20, 100, 200, 32 }, { 50, 130, 200, 64 }, { 12, 200, 300, 128 }, { 8, 300, 400, 256 }, { 60, 90, 150, -1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void LosesLessThanRoundToNearestOnTheSameKindOfGrid(int rows, int columns, int tokens, int groupSize)
    {
        foreach (var options in Kinds(groupSize))
        {
            double gptq = 0, rtn = 0;
            for (var seed = 0; seed < 3; seed++)
            {
                var layer = new RandomLayer(rows, columns, tokens, seed);
                gptq += layer.ProxyLoss(layer.Solve(options).Linear);
                rtn += layer.ProxyLoss(layer.Solve(options with { Method = SolverMethod.Rtn }).Linear);
            }
            Assert.True(gptq < rtn, $"{options}: {gptq} against {rtn}");
        }

        static IEnumerable<SolverOptions> Kinds(int groupSize) =>
            from bits in new[] { BitWidth.Three, BitWidth.Four, BitWidth.Eight }
            from options in new[]
            {
                new SolverOptions { Bits = bits, GroupSize = groupSize },
                new SolverOptions { Bits = bits, GroupSize = groupSize, Symmetric = true, ActOrder = ActOrder.GroupAware },
                new SolverOptions { Bits = bits, GroupSize = groupSize, ActOrder = ActOrder.Static, ScaleStorage = ScaleStorage.HalfPrecision },
                new SolverOptions { Bits = bits, GroupSize = groupSize, Symmetric = true, FullRangeSymmetric = true, ActOrder = ActOrder.Dynamic },
            }
            select options;
    }

    [Fact]
    public void ScalingTheHessianChangesNothing()
    {
        var layer = new RandomLayer(30, 96, 200, 1);
        var options = new SolverOptions { GroupSize = 32, ActOrder = ActOrder.Dynamic };
        var codes = layer.Solve(options).Linear.Codes;
        Assert.Equal(codes, layer.Solve(options, scale: 4).Linear.Codes);
        Assert.Equal(codes, layer.Solve(options, scale: 1f / 1024).Linear.Codes);

        // Three is no power of two: the sums round differently, and a weight halfway between two codes may go the other way.
        var scaled = layer.Solve(options, scale: 3).Linear.Codes;
        Assert.InRange(codes.Zip(scaled).Count(pair => pair.First != pair.Second), 0, codes.Length / 500);
    }

    [Theory]
    [InlineData(ActOrder.Dynamic, 32)]
    [InlineData(ActOrder.Dynamic, -1)]
    [InlineData(ActOrder.Static, -1)]
    [InlineData(ActOrder.GroupAware, -1)]
    public void PermutingTheColumnsChangesNothingWithActOrder(ActOrder order, int groupSize)
    {
        var layer = new RandomLayer(30, 96, 200, 1);
        var options = new SolverOptions { GroupSize = groupSize, ActOrder = order };
        var permutation = Enumerable.Range(0, 96).ToArray();
        new Random(5).Shuffle(permutation);
        var solver = SolverUnderTest.Create();
        using var hessian = new HessianAccumulator(96);
        hessian.Add(Permuted(layer.Inputs), layer.Tokens, "layer", "0");
        using var factor = solver.Factor(hessian, options);
        var permuted = solver.Solve(factor, "layer", Permuted(layer.Weight), layer.OutFeatures, 96, options).Linear;

        var expected = layer.Solve(options).Linear;
        Assert.Equal(Permuted(expected.Codes), permuted.Codes);
        Assert.Equal(expected.Scales, permuted.Scales);

        T[] Permuted<T>(T[] rows) => [.. rows.Chunk(96).SelectMany(row => permutation.Select(column => row[column]))];
    }

    [Fact]
    public void CodesAndZeroPointsStayInRange()
    {
        var layer = new RandomLayer(50, 70, 100, 3);
        foreach (var bits in AllBits)
        {
            foreach (var options in new[] { new SolverOptions { Bits = bits, GroupSize = 16 }, new SolverOptions { Bits = bits, GroupSize = 16, Symmetric = true } })
            {
                var linear = layer.Solve(options).Linear;
                var maxCode = bits == BitWidth.Ternary ? 2 : (1 << (int)bits) - 1;
                Assert.All(linear.Codes, code => Assert.InRange(code, 0, maxCode));
                Assert.Contains(linear.Codes, code => code == maxCode);
                if (bits == BitWidth.Ternary) continue;
                Assert.All(linear.Zeros, zero => Assert.True(zero == MathF.Round(zero) && zero >= 0 && zero <= maxCode));
                if (options.Symmetric) Assert.All(linear.Zeros, zero => Assert.Equal((maxCode + 1) / 2, zero));
            }
        }
    }

    [Fact]
    public void TheFullRangeGridPutsTheLargestWeightOnItsLowestCode()
    {
        var options = new SolverOptions { Method = SolverMethod.Rtn, GroupSize = 16, Symmetric = true, FullRangeSymmetric = true };
        var weight = new float[] { 0.1f, -0.8f, 0.3f, 0.7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.8f, -0.1f, -0.7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
        var linear = SolverUnderTest.Create().Solve(null, "layer", weight, 1, 32, options).Linear;
        Assert.Equal([0.1f, -0.1f], linear.Scales);
        Assert.Equal(new byte[] { 9, 0, 11, 15 }, linear.Codes[..4]);
        Assert.Equal(new byte[] { 0, 9, 15 }, linear.Codes[16..19]);
    }

    [Fact]
    public void ScalesAreRoundedToTheirStorageBeforeCodesAreChosen()
    {
        var layer = new RandomLayer(20, 64, 100, 4);
        var options = new SolverOptions { Method = SolverMethod.Rtn, GroupSize = 16, ScaleStorage = ScaleStorage.HalfPrecision };
        var linear = layer.Solve(options).Linear;
        Assert.All(linear.Scales, scale => Assert.Equal((float)(Half)scale, scale));
        for (var row = 0; row < 20; row++)
        {
            for (var column = 0; column < 64; column++)
            {
                var (scale, zero) = (linear.Scales[(row * 4) + (column / 16)], linear.Zeros[(row * 4) + (column / 16)]);
                var weight = layer.Weight[(row * 64) + column];
                var chosen = Math.Abs(weight - (scale * (linear.Codes[(row * 64) + column] - zero)));
                for (var code = 0; code < 16; code++) Assert.True(chosen <= Math.Abs(weight - (scale * (code - zero))) + 1e-6f);
            }
        }
    }

    [Fact]
    public void GroupsThatCostNothingAtRunTimeHaveNoIndex()
    {
        var layer = new RandomLayer(4, 100, 200, 5);
        foreach (var order in new[] { ActOrder.None, ActOrder.Static, ActOrder.GroupAware })
            Assert.Null(layer.Solve(new SolverOptions { GroupSize = 32, ActOrder = order }).Linear.GroupIndex);
        Assert.NotNull(layer.Solve(new SolverOptions { GroupSize = 32, ActOrder = ActOrder.Dynamic }).Linear.GroupIndex);
        Assert.Null(layer.Solve(new SolverOptions { GroupSize = -1, ActOrder = ActOrder.Dynamic }).Linear.GroupIndex);
    }

    [Fact]
    public void DeadColumnsBecomeZero()
    {
        var layer = new RandomLayer(10, 40, 100, 6);
        for (var token = 0; token < layer.Tokens; token++) layer.Inputs[(token * 40) + 7] = layer.Inputs[(token * 40) + 39] = 0;
        var result = layer.Solve(new SolverOptions { GroupSize = 16 });
        var values = new float[400];
        result.Linear.Dequantize(values);
        for (var row = 0; row < 10; row++) Assert.Equal((0f, 0f), (values[(row * 40) + 7], values[(row * 40) + 39]));
        Assert.Equal(2, result.Report.DeadColumns);
    }

    [Fact]
    public void SearchedGridsFitTheirCriterionBetter()
    {
        var layer = new RandomLayer(20, 64, 100, 7);
        var plain = new SolverOptions { Bits = BitWidth.Three, GroupSize = 32, StaticGroups = true };
        var none = new float[64].Select(_ => 1.0).ToArray();
        var diagonal = Enumerable.Range(0, 64).Select(column => Enumerable.Range(0, 100).Sum(token => Math.Pow(layer.Inputs[(token * 64) + column], 2))).ToArray();
        Assert.True(Error(plain with { MseSearch = true }, none, 2.4) < Error(plain, none, 2.4));
        Assert.True(Error(plain with { ImportanceWeighted = true }, diagonal, 2) < Error(plain, diagonal, 2));

        // The rounding error on the grid that was found, column by column, without GPTQ's updates.
        double Error(SolverOptions options, double[] weights, double norm)
        {
            var linear = layer.Solve(options).Linear;
            var sum = 0.0;
            for (var i = 0; i < layer.Weight.Length; i++)
            {
                var grid = (i / 64 * 2) + (i % 64 / 32);
                var code = Math.Clamp(MathF.Round(layer.Weight[i] / linear.Scales[grid]) + linear.Zeros[grid], 0, 7);
                sum += weights[i % 64] * Math.Pow(Math.Abs((linear.Scales[grid] * (code - linear.Zeros[grid])) - layer.Weight[i]), norm);
            }
            return sum;
        }
    }

    [Fact]
    public void AllZeroWeightsStayZero()
    {
        foreach (var bits in AllBits)
        {
            var layer = new RandomLayer(3, 32, 64, 8);
            Array.Clear(layer.Weight);
            var values = new float[96];
            layer.Solve(new SolverOptions { Bits = bits, GroupSize = 16 }).Linear.Dequantize(values);
            Assert.All(values, value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void WeightsTooSmallForTheirScalesGiveFiniteResults()
    {
        foreach (var storage in Enum.GetValues<ScaleStorage>())
        {
            var layer = new RandomLayer(3, 32, 64, 8);
            for (var i = 0; i < layer.Weight.Length; i++) layer.Weight[i] *= 1e-42f;
            var linear = layer.Solve(new SolverOptions { GroupSize = 16, ScaleStorage = storage }).Linear;
            Assert.All(linear.Scales, scale => Assert.True(float.IsFinite(scale) && scale != 0));
        }
    }

    [Fact]
    public void OneFactorServesLayersOfDifferentWidths()
    {
        var layer = new RandomLayer(20, 64, 100, 9);
        var solver = SolverUnderTest.Create();
        using var factor = solver.Factor(layer.Hessian(), new SolverOptions());
        foreach (var options in new[] { new SolverOptions { GroupSize = 32 }, new SolverOptions { Bits = BitWidth.Two, GroupSize = -1 } })
        {
            var shared = solver.Solve(factor, "layer", layer.Weight, 20, 64, options);
            Assert.Equal(layer.Solve(options).Linear.Codes, shared.Linear.Codes);
        }
    }

    [Fact]
    public void TheReportedLossIsTheProxyLoss()
    {
        var layer = new RandomLayer(20, 64, 200, 10);
        var options = new SolverOptions { GroupSize = 16, Damp = 1e-6 };
        var result = layer.Solve(options);
        Assert.Equal(layer.ProxyLoss(result.Linear), result.Report.Loss!.Value, 0.01 * result.Report.Loss.Value);

        // 20 rows are all sampled, so the estimate against RTN is exact but for RTN's grid, which does not see updated weights.
        var rtn = layer.ProxyLoss(layer.Solve(options with { Method = SolverMethod.Rtn }).Linear);
        Assert.Equal(result.Report.Loss.Value / rtn, result.Report.LossVersusRtn!.Value, 0.02);
    }
}
