using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.GpuCheck;

/// <summary>Everything on the processor, for the dry run: TorchSharp's solver where it is there, else the processor's own.</summary>
internal sealed class ProcessorEngine(ITorchEngine? torch) : ICudaEngine
{
    /// <inheritdoc/>
    public string? WhyNoForward => null;

    /// <inheritdoc/>
    public ILayerSolver CreateSolver(Gpu gpu) => torch is null ? new CopyingSolver() : torch.CreateSolver("cpu");

    /// <inheritdoc/>
    public ICodeRefiner CreateRefiner(Gpu gpu) => torch is null ? new CopyingRefiner() : torch.CreateRefiner("cpu");

    /// <inheritdoc/>
    public void AddProvider(SessionOptions options, Gpu gpu)
    {
    }

    /// <inheritdoc/>
    public void ReleaseMemoryAfter(RunOptions options, Gpu gpu)
    {
    }

    /// <inheritdoc/>
    public OrtMemoryInfo Memory(Gpu gpu) => OrtMemoryInfo.DefaultInstance;

    /// <summary>A device leaves the Hessian in memory as it was.</summary>
    private sealed class CopyingSolver : ILayerSolver
    {
        private readonly CpuLayerSolver _inner = new();

        public IHessianFactor Factor(HessianAccumulator hessian, SolverOptions options, CancellationToken cancellation = default) =>
            _inner.Factor(hessian.Clone(), options, cancellation);

        public SolveResult Solve(
            IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options, CancellationToken cancellation = default) =>
            _inner.Solve(factor, layer, weight, outFeatures, inFeatures, options, cancellation);
    }

    /// <summary>The processor's refinement reads what its solver leaves behind: here that of a factor of its own, in the checkpoint's order.</summary>
    private sealed class CopyingRefiner : ICodeRefiner
    {
        private readonly CpuCodeRefiner _inner = new(Environment.ProcessorCount);

        public IRefinementHessian Prepare(HessianAccumulator hessian, double damp)
        {
            var copy = hessian.Clone();
            var prepared = _inner.Prepare(copy, damp);
            return new Prepared(prepared, new CpuLayerSolver().Factor(copy, new SolverOptions { Damp = damp, ActOrder = ActOrder.Static, GroupSize = 16 }));
        }

        public RefinementResult Refine(
            ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation) =>
            _inner.Refine(weight, ((Prepared)hessian).Inner, start, options, cancellation);

        private sealed record Prepared(IRefinementHessian Inner, IHessianFactor Factor) : IRefinementHessian
        {
            public int InFeatures => Inner.InFeatures;

            public void Dispose()
            {
                Inner.Dispose();
                Factor.Dispose();
            }
        }
    }
}
