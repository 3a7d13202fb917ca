using Gptq.Quantization.Calibration;
using Gptq.Quantization.Calibration.Devices;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Pipeline;

/// <summary>What works on the chosen device while a model is quantized.</summary>
internal sealed class DeviceRun
{
    private readonly ICudaEngine? _engine;
    private readonly IReadOnlyList<Gpu> _gpus;
    private readonly DeviceSolver? _deviceSolver;
    private readonly List<GptqWarning> _warnings = [];
    private DeviceForward? _forward;

    private DeviceRun(ICudaEngine? engine, DeviceSelection selection, int threads)
    {
        (_engine, _gpus, Description) = (engine, engine is null ? [] : selection.Gpus, engine is null ? "cpu" : selection.Description);
        var (solver, refiner) = (new CpuLayerSolver(threads), new CpuCodeRefiner(threads));
        _deviceSolver = engine is null ? null : new DeviceSolver(engine.CreateSolver(_gpus[0]), engine.CreateRefiner(_gpus[0]), solver, refiner);
        (Solver, Refiner) = (_deviceSolver is null ? solver : _deviceSolver, _deviceSolver is null ? refiner : _deviceSolver);
    }

    /// <summary>As quantization.json has it.</summary>
    public string Description { get; }

    public ILayerSolver Solver { get; }

    public ICodeRefiner Refiner { get; }

    /// <summary>The processor alone.</summary>
    public static DeviceRun Processor(int threads) => new(null, DeviceSelection.Processor(null), threads);

    /// <summary>Loads what the choice needs.</summary>
    /// <param name="choice">What was asked for.</param>
    /// <param name="selection">What it came to.</param>
    /// <param name="platform">Where its libraries come from.</param>
    /// <param name="threads">For what stays on the processor.</param>
    /// <exception cref="GptqException">GPTQ6103: CUDA was asked for and does not load. With auto that is a warning.</exception>
    public static DeviceRun Start(DeviceChoice choice, DeviceSelection selection, ICudaPlatform platform, int threads)
    {
        if (selection.Gpus.Count == 0) return Processor(threads);
        try
        {
            var run = new DeviceRun(platform.Load(), selection, threads);
            if (run._engine!.WhyNoForward is { } why)
                run._warnings.Add(new GptqWarning("GPTQ6108", $"The GPU solves, but the processor runs the model for calibration, which takes longer: {why}"));
            return run;
        }
        catch (GptqException exception) when (choice == DeviceChoice.Auto)
        {
            var run = Processor(threads);
            run._warnings.Add(new GptqWarning(exception.Code, $"The processor does the work, because the GPU can't: {exception.Message}", exception.File));
            return run;
        }
    }

    /// <summary>The forward pass on GPUs; null where the processor runs it: without a GPU, and for GPTAQ, which runs two models side by side.</summary>
    public DeviceForward? Forward(CalibrationActivations activations, SolverMethod method) => _forward = _engine is null || _engine.WhyNoForward is not null || method == SolverMethod.Gptaq
        ? null
        : new DeviceForward([.. _gpus.Select(gpu => new DeviceLane(_engine, gpu))], activations);

    /// <summary>What a person should know, when all is done.</summary>
    public IReadOnlyList<GptqWarning> Warnings() => [.. _warnings, .. _forward?.Warnings() ?? [], .. _deviceSolver?.Warnings() ?? []];
}
