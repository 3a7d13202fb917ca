using Gptq.Quantization.Solver;
using Gptq.TorchSharp;
using TorchSharp;

namespace Gptq.Quantization.Tests.Solver;

/// <summary>float64, where no rounding of its own hides an error.</summary>
internal static class SolverUnderTest
{
    public static ILayerSolver Create(int threads = -1)
    {
        torch.set_num_threads(1);
        return new TorchLayerSolver(torch.CPU, torch.ScalarType.Float64);
    }
}
