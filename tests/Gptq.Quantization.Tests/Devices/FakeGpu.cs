using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Devices;

/// <summary>GPUs that really compute, on the processor, and have as much memory as a test wants.</summary>
internal sealed class FakeGpu : ICudaPlatform, ICudaEngine
{
    public CudaMachine Machine { get; set; } = new([new Gpu(0, "Fake GPU", 8L << 30, 8L << 30)], null);

    public string? Missing { get; set; }

    /// <summary>The most rows that fit beside a factor.</summary>
    public int MostRows { get; set; } = int.MaxValue;

    /// <summary>The most rows that fit while they are refined.</summary>
    public int MostRefinedRows { get; set; } = int.MaxValue;

    /// <summary>The widest Hessian that fits.</summary>
    public int WidestFactor { get; set; } = int.MaxValue;

    /// <summary>The widest Hessian that fits for refinement.</summary>
    public int WidestRefinement { get; set; } = int.MaxValue;

    public int Installed { get; private set; }

    public int Loaded { get; private set; }

    public int Probed { get; private set; }

    /// <summary>Layers and pieces of them that the GPU solved.</summary>
    public List<(string Layer, int Rows)> Solved { get; } = [];

    /// <summary>Sessions that run on each GPU.</summary>
    public List<int> Sessions { get; } = [];

    public string? WhyNoForward { get; set; }

    public CudaMachine Probe()
    {
        Probed++;
        return Machine;
    }

    public string? MissingLibraries() => Missing;

    public Task InstallAsync(Action<string> report, CancellationToken cancellation)
    {
        report("fetching");
        Installed++;
        Missing = null;
        return Task.CompletedTask;
    }

    public ICudaEngine Load()
    {
        Loaded++;
        return this;
    }

    public ILayerSolver CreateSolver(Gpu gpu) => new Solver(this);

    public ICodeRefiner CreateRefiner(Gpu gpu) => new Refiner(this);

    public void AddProvider(SessionOptions options, Gpu gpu) => Sessions.Add(gpu.Index);

    public void ReleaseMemoryAfter(RunOptions options, Gpu gpu)
    {
    }

    public OrtMemoryInfo Memory(Gpu gpu) => OrtMemoryInfo.DefaultInstance;

    private static DeviceOutOfMemoryException Full() => new("cuda:0");

    private sealed class Solver(FakeGpu gpu) : ILayerSolver
    {
        private readonly CpuLayerSolver _inner = new(1);

        public IHessianFactor Factor(HessianAccumulator hessian, SolverOptions options, CancellationToken cancellation = default) => hessian.InFeatures > gpu.WidestFactor
            ? throw Full()
            : new Factored(_inner.Factor(hessian.Clone(), options, cancellation), hessian);

        public SolveResult Solve(
            IHessianFactor? factor, string layer, ReadOnlySpan<float> weight, int outFeatures, int inFeatures, SolverOptions options, CancellationToken cancellation = default)
        {
            if (outFeatures > gpu.MostRows) throw Full();
            var result = _inner.Solve(((Factored)factor!).Inner, layer, weight, outFeatures, inFeatures, options, cancellation);
            lock (gpu.Solved) gpu.Solved.Add((layer, outFeatures));
            return result;
        }
    }

    private sealed class Factored(IHessianFactor inner, HessianAccumulator hessian) : IDeviceHessianFactor
    {
        public IHessianFactor Inner => inner;

        public int InFeatures => inner.InFeatures;

        public double Damp => inner.Damp;

        public bool IsRoundToNearest => inner.IsRoundToNearest;

        public IReadOnlyList<SolverWarning> Warnings => inner.Warnings;

        public HessianAccumulator ReleaseHessian()
        {
            inner.Dispose();
            return hessian;
        }

        public void Dispose() => inner.Dispose();
    }

    private sealed class Refiner(FakeGpu gpu) : ICodeRefiner
    {
        private readonly CpuCodeRefiner _inner = new(1);

        public IRefinementHessian Prepare(HessianAccumulator hessian, double damp)
        {
            if (hessian.InFeatures > gpu.WidestRefinement) throw Full();
            return new Prepared(hessian.Clone(), damp);
        }

        public RefinementResult Refine(
            ReadOnlyMemory<float> weight, IRefinementHessian hessian, QuantizedLinear start, RefinementOptions options, CancellationToken cancellation)
        {
            if (start.OutFeatures > gpu.MostRefinedRows) throw Full();
            // The processor's refinement takes the columns in the order that its solver leaves behind.
            var prepared = (Prepared)hessian;
            using var copy = prepared.Hessian.Clone();
            using var wanted = _inner.Prepare(copy, prepared.Damp);
            using var factor = new CpuLayerSolver(1).Factor(
                copy, new SolverOptions { Damp = prepared.Damp, ActOrder = ActOrder.GroupAware, GroupSize = start.GroupSize == start.InFeatures ? -1 : start.GroupSize }, cancellation);
            return _inner.Refine(weight, wanted, start, options, cancellation);
        }
    }

    private sealed record Prepared(HessianAccumulator Hessian, double Damp) : IRefinementHessian
    {
        public int InFeatures => Hessian.InFeatures;

        public void Dispose() => Hessian.Dispose();
    }
}
