using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Allocation;

/// <summary>Gives each layer the width that its sensitivity deserves, so that all together take what <c>TargetBitsPerWeight</c> says.</summary>
internal static class BitAllocator
{
    /// <summary>Measures and picks.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="plan">What Modules and the options say; free layers have any form there.</param>
    /// <param name="options">The item's options, with a target.</param>
    /// <param name="sequences">Calibration sequences.</param>
    /// <param name="solver">Solves samples of layers.</param>
    /// <param name="refiner">Refines them.</param>
    /// <param name="sweeps">Passes of the refinement.</param>
    /// <param name="threads">Threads; no result depends on them.</param>
    /// <param name="report">Told of each block before it is measured.</param>
    /// <param name="cancellation">Stops between layers.</param>
    /// <returns>The forms of the free layers by name.</returns>
    public static IReadOnlyDictionary<string, LayerForm> Allocate(
        Architecture architecture, QuantizationPlan plan, QuantizationOptions options, IReadOnlyList<int[]> sequences, ILayerSolver solver, ICodeRefiner refiner, int sweeps,
        int threads, Action<int> report, CancellationToken cancellation)
    {
        var problem = AllocationProblem.Create(architecture, plan, options);
        // GPTAQ's second term changes what is made up for, hardly how much a width loses, and needs a second set of inputs.
        SolverOptions For(LinearModule module, LayerForm form) => plan.For(module)! with
        {
            Bits = form.Bits,
            GroupSize = form.GroupSize,
            Method = options.Method == SolverMethod.Rtn ? SolverMethod.Rtn : SolverMethod.Gptq,
        };
        var costs = new SensitivityRun(architecture, problem, For, solver, refiner, sweeps, threads, cancellation).Measure(sequences, report);
        var choices = problem.Free
            .Select(module => problem.Forms[module].Select((form, index) => new FormSearch.Choice(problem.Bits(module, form), costs[module][index])).ToList())
            .ToList();
        var picks = FormSearch.Pick(choices, problem.Budget);
        return problem.Free.Select((module, layer) => (module.Name, Form: problem.Forms[module][picks[layer]])).ToDictionary(pick => pick.Name, pick => pick.Form, StringComparer.Ordinal);
    }
}
