using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Tests.Solver;

/// <summary>The solver that the tests beside this file are about; the tests of other solvers take those files and another one in place of this.</summary>
internal static class SolverUnderTest
{
    public static ILayerSolver Create(int threads = -1) => new CpuLayerSolver(threads);
}
