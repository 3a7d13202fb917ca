using System.Globalization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Allocation;

/// <summary>Which layers may get which forms, and how much all of them may take.</summary>
internal sealed class AllocationProblem
{
    private const int SmallestGroup = 32;
    private const int LargestGroup = 128;

    private readonly WeightStorage _storage;
    private readonly long _fixedBits;

    private AllocationProblem(WeightStorage storage, IReadOnlyList<LinearModule> free, Func<LinearModule, IReadOnlyList<LayerForm>> forms, long fixedBits, long budget)
    {
        _storage = storage;
        _fixedBits = fixedBits;
        Free = free;
        Forms = free.ToDictionary(module => module, forms);
        Budget = budget;
    }

    /// <summary>The layers whose form is to be found: block linears that Modules does not name.</summary>
    public IReadOnlyList<LinearModule> Free { get; }

    /// <summary>The forms that a layer may get, the smallest first.</summary>
    public IReadOnlyDictionary<LinearModule, IReadOnlyList<LayerForm>> Forms { get; }

    /// <summary>Bits for the free layers together.</summary>
    public long Budget { get; }

    /// <summary>States the problem, from sizes alone.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="plan">What Modules and the options say; free layers have any form there.</param>
    /// <param name="options">The item's options, with a target.</param>
    /// <exception cref="GptqException">GPTQ1117: no choice of forms gives the target.</exception>
    public static AllocationProblem Create(Architecture architecture, QuantizationPlan plan, QuantizationOptions options)
    {
        var storage = new WeightStorage(options, plan.Operators);
        var target = options.TargetBitsPerWeight!.Value;
        var solved = architecture.Linears.Where(module => plan.For(module) is not null).ToList();
        var free = solved.Where(module => module.Layer >= 0 && options.Modules.For(module.Name) is null).ToList();
        var weights = solved.Sum(module => (long)module.OutFeatures * module.InFeatures);
        var fixedBits = solved.Except(free).Sum(module => storage.Bits(module, plan.FormOf(module)!.Value));
        var problem = new AllocationProblem(
            storage, free, module => FormsFor(module, options, plan.Operators, storage), fixedBits, (long)(target * weights) - fixedBits);
        var (least, most) = (problem.Extreme(forms => forms[0]) / (double)weights, problem.Extreme(forms => forms[^1]) / (double)weights);
        return free.Count > 0 && target >= least && target <= most
            ? problem
            : throw new GptqException(
                "GPTQ1117",
                string.Create(CultureInfo.InvariantCulture, $"TargetBitsPerWeight {target} can't be reached: the layers of this model take from {least:0.00} to {most:0.00} bits a weight, scales, zero points and the layers that Modules fixes included. Choose a number between these."));
    }

    /// <summary>Bits of a layer in a form.</summary>
    public long Bits(LinearModule module, LayerForm form) => _storage.Bits(module, form);

    private static List<LayerForm> FormsFor(LinearModule module, QuantizationOptions options, OperatorSet operators, WeightStorage storage)
    {
        var widths = new[] { BitWidth.Two, BitWidth.Three, BitWidth.Four, BitWidth.Eight }
            // Widths that are stored as wider ones save nothing; the others have to be ones that operators and formats hold.
            .Where(bits => storage.CodeBits(bits) == (int)bits)
            .Where(bits => OperatorChoice.Holds(operators, bits))
            .Where(bits => options.CheckpointFormat is null || AutoGptqTensors.WhyNot(bits, module.OutFeatures, module.InFeatures) is null);
        // GroupSize is the largest group that is taken.
        var most = options.GroupSize == -1 ? int.MaxValue : options.GroupSize;
        var groups = Enumerable.Range(0, 16).Select(power => SmallestGroup << power).TakeWhile(size => size <= LargestGroup)
            .Where(size => size <= most && size < module.InFeatures).ToList();
        if (options.GroupSize == -1 || groups.Count == 0) groups.Add(options.GroupSize);
        return [.. widths.SelectMany(bits => groups.Select(size => new LayerForm(bits, size))).OrderBy(form => storage.Bits(module, form))];
    }

    private long Extreme(Func<IReadOnlyList<LayerForm>, LayerForm> pick) => _fixedBits + Free.Sum(module => Bits(module, pick(Forms[module])));
}
