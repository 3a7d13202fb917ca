using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

public sealed class DeterminismTests
{
    public static TheoryData<SolverOptions> Options =>
    [
        new SolverOptions { GroupSize = 128 },
        new SolverOptions { Bits = BitWidth.Three, GroupSize = -1, ActOrder = ActOrder.Dynamic, MseSearch = true },
        new SolverOptions { Bits = BitWidth.Two, GroupSize = 32, Symmetric = true, ActOrder = ActOrder.GroupAware, ImportanceWeighted = true },
        new SolverOptions { Bits = BitWidth.Ternary, GroupSize = 256, ScaleStorage = ScaleStorage.HalfPrecision },
    ];

    [Theory]
    [MemberData(nameof(Options))]
    public void AnyNumberOfThreadsGivesTheSameBytes(SolverOptions options)
    {
        var layer = new RandomLayer(301, 420, 500, 1);
        var expected = Solve(1);
        Assert.Equal(expected, Solve(2));
        Assert.Equal(expected, Solve(7));

        (string, double?) Solve(int threads)
        {
            using var hessian = new HessianAccumulator(layer.InFeatures);
            hessian.Add(layer.Inputs, layer.Tokens, "layer", "0", new ParallelOptions { MaxDegreeOfParallelism = threads });
            var solver = new CpuLayerSolver(threads);
            using var factor = solver.Factor(hessian, options);
            var result = solver.Solve(factor, "layer", layer.Weight, layer.OutFeatures, layer.InFeatures, options);
            return (Digest(result.Linear), result.Report.Loss);
        }
    }

    /// <summary>
    /// The bytes that an AVX-512 processor gave, on whatever this runs: they are the same with AVX2, AdvSimd and plain C#. When a change of the
    /// solver's arithmetic is meant, the new digest belongs here, and cached results of older versions are no longer the same.
    /// </summary>
    [Fact]
    public void EveryProcessorGivesTheSameBytes()
    {
        var layer = new RandomLayer(70, 450, 500, 2);
        Assert.StartsWith("C005AAFC5835E030261AA4635C2D966006D73C4D6D0E64A82F", Digest(layer.Solve(new SolverOptions { GroupSize = 64, ActOrder = ActOrder.Static, MseSearch = true }).Linear), StringComparison.Ordinal);
    }

    private static string Digest(QuantizedLinear linear)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(linear.Codes);
        hash.AppendData(MemoryMarshal.AsBytes(linear.Scales.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(linear.Zeros.AsSpan()));
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
