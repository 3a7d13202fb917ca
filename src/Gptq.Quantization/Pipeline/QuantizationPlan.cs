using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>What happens to each linear layer of a model, decided before anything is calibrated.</summary>
public sealed class QuantizationPlan
{
    private readonly Dictionary<string, SolverOptions> _choices;

    private QuantizationPlan(Dictionary<string, SolverOptions> choices, OperatorSet operators)
    {
        _choices = choices;
        Operators = operators;
    }

    /// <summary>The operators that the graph is written with; never <see cref="OperatorSet.Auto"/>.</summary>
    public OperatorSet Operators { get; }

    /// <summary>How a layer is to be quantized; null when it stays in floating point.</summary>
    public SolverOptions? For(LinearModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return _choices.GetValueOrDefault(module.Name);
    }

    /// <summary>All block linears alike, whatever operators could hold them: for experiments.</summary>
    internal static QuantizationPlan Uniform(Architecture architecture, SolverOptions options) => new(
        architecture.Linears.Where(module => module.Layer >= 0).ToDictionary(module => module.Name, _ => options, StringComparer.Ordinal), OperatorSet.Gptq);

    /// <summary>Decides for all layers of a model: block linears are quantized with the item's options, others only where Modules says so.</summary>
    /// <exception cref="GptqException">
    /// GPTQ1111: an entry of Modules matches no layer. GPTQ1112: the operators can't hold a layer's bits. GPTQ4001: options that do not fit together.
    /// </exception>
    public static QuantizationPlan Create(Architecture architecture, QuantizationOptions options)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(options);
        var names = architecture.Linears.Select(module => module.Name).Append(architecture.TokenEmbedding.Name).ToList();
        foreach (var rule in options.Modules.Rules)
        {
            if (!names.Exists(rule.Matches))
                throw new GptqException("GPTQ1111", $"'{rule.Pattern}' in Modules matches no layer of the model. Its layers are named like {names[0]} and {names[^2]}.");
        }

        var chosen = new Dictionary<string, (BitWidth Bits, int GroupSize)>(StringComparer.Ordinal);
        foreach (var module in architecture.Linears)
        {
            var rule = options.Modules.For(module.Name);
            if (rule is null ? module.Layer < 0 : rule.Skip) continue;
            chosen[module.Name] = (rule?.Bits ?? options.Bits, rule?.GroupSize ?? options.GroupSize);
        }

        var operators = OperatorChoice.Resolve(options.Operators, chosen.ToDictionary(choice => choice.Key, choice => choice.Value.Bits), options.ActOrder, options.GroupSize);
        var choices = new Dictionary<string, SolverOptions>(StringComparer.Ordinal);
        foreach (var (name, (bits, groupSize)) in chosen)
        {
            var solver = new SolverOptions
            {
                Bits = bits,
                GroupSize = groupSize,
                Symmetric = options.Symmetric,
                ActOrder = options.ActOrder,
                MseSearch = options.MseSearch,
                Damp = options.Damp,
                Method = options.Method,
                ScaleStorage = OperatorChoice.ScalesOf(operators),
            };
            solver.Validate();
            choices[name] = solver;
        }
        return new QuantizationPlan(choices, operators);
    }
}
