using Gptq.Quantization.Allocation;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>What happens to each linear layer of a model, decided before anything is calibrated.</summary>
public sealed class QuantizationPlan
{
    private readonly Dictionary<string, SolverOptions> _choices;
    private readonly StoredLinears? _stored;

    private QuantizationPlan(Dictionary<string, SolverOptions> choices, StoredLinears? stored, OperatorSet operators)
    {
        _choices = choices;
        _stored = stored;
        Operators = operators;
    }

    /// <summary>Whether the token embedding is the head's weight and both take the head's codes, stored once.</summary>
    public bool SharesTable { get; private init; }

    /// <summary>The operators that the graph is written with; never <see cref="OperatorSet.Auto"/>.</summary>
    public OperatorSet Operators { get; }

    /// <summary>What a person should know before it starts.</summary>
    internal IReadOnlyList<GptqWarning> Warnings { get; private init; } = [];

    /// <summary>Whether a layer keeps the codes that the checkpoint has for it.</summary>
    public bool Keeps(LinearModule module) => _stored?.Contains(module) == true;

    /// <summary>How a layer is to be quantized; null when it stays as the checkpoint has it.</summary>
    public SolverOptions? For(LinearModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return _choices.GetValueOrDefault(module.Name);
    }

    /// <summary>The width that a layer is to get; null when it stays as the checkpoint has it.</summary>
    internal LayerForm? FormOf(LinearModule module) => For(module) is { } options ? new LayerForm(options.Bits, options.GroupSize) : null;

    /// <summary>How the token embedding is to be quantized on its own; null when it stays as it is or takes the head's codes.</summary>
    public SolverOptions? For(EmbeddingModule table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return SharesTable ? null : _choices.GetValueOrDefault(table.Name);
    }

    /// <summary>All block linears alike, whatever operators could hold them: for experiments.</summary>
    internal static QuantizationPlan Uniform(Architecture architecture, SolverOptions options) => new(
        architecture.Linears.Where(module => module.Layer >= 0).ToDictionary(module => module.Name, _ => options, StringComparer.Ordinal), null, OperatorSet.Gptq);

    /// <summary>Decides for all layers of a model: block linears are quantized with the item's options, others only where Modules says so.</summary>
    /// <exception cref="GptqException">
    /// GPTQ1111: an entry of Modules matches no layer. GPTQ1112, GPTQ1113: the operators can't hold a layer. GPTQ1116: an entry of Modules is about a layer
    /// that is quantized already. GPTQ1117: the target can't be met. GPTQ4001: options that do not fit together. GPTQ5020: AutoGPTQ's layout can't hold a layer.
    /// </exception>
    /// <param name="architecture">The model.</param>
    /// <param name="options">The item's options.</param>
    /// <param name="stored">The layers that the checkpoint has quantized already; null for none.</param>
    public static QuantizationPlan Create(Architecture architecture, QuantizationOptions options, StoredLinears? stored = null)
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
            if (stored?.Contains(module) == true)
            {
                if (rule is null) continue;
                throw new GptqException("GPTQ1116", $"'{rule.Pattern}' in Modules matches {module.Name}, which the checkpoint has quantized already; its codes are kept. Leave it out of Modules, or use the original float checkpoint.");
            }
            // Who quantized the checkpoint has decided about the blocks.
            if (rule is null ? module.Layer < 0 || stored is not null : rule.Skip) continue;
            // With a target, the widths of layers without a rule are found later; every operator and format holds 4 bits.
            var bits = options.TargetBitsPerWeight is null ? options.Bits : BitWidth.Four;
            chosen[module.Name] = (rule?.Bits ?? bits, rule?.GroupSize ?? options.GroupSize);
        }
        var sharesTable = ChooseTable(architecture, options, chosen);
        var asked = chosen.ToDictionary(choice => choice.Key, choice => choice.Value.Bits);
        foreach (var (name, bits) in asked) chosen[name] = (OperatorChoice.Fallback(options.Operators, bits), chosen[name].GroupSize);

        var operators = options.Formats.HasFlag(ModelFormats.Onnx) ? ResolveOperators(architecture, options, chosen, stored) : OperatorSet.Gptq;
        if (options.CheckpointFormat is not null) AutoGptqFolder.Require(architecture, chosen.ToDictionary(choice => choice.Key, choice => choice.Value.Bits));
        var choices = new Dictionary<string, SolverOptions>(StringComparer.Ordinal);
        foreach (var (name, (bits, groupSize)) in chosen)
        {
            var solver = new SolverOptions
            {
                Bits = bits,
                GroupSize = groupSize,
                Symmetric = options.Symmetric,
                ActOrder = options.ActOrder,
                // With a Hessian, its diagonal says which weights matter to the error; the reference's criterion is for grids without one.
                MseSearch = options.MseSearch,
                ImportanceWeighted = options.MseSearch && options.Method != SolverMethod.Rtn,
                Damp = options.Damp,
                Method = name == architecture.TokenEmbedding.Name ? SolverMethod.Rtn : options.Method,
                ScaleStorage = options.CheckpointFormat is null ? OperatorChoice.ScalesOf(operators) : ScaleStorage.HalfPrecision,
                LeastZero = options.CheckpointFormat is { } version ? AutoGptqTensors.LeastZero(version) : 0,
            };
            solver.Validate();
            choices[name] = solver;
        }
        var plan = new QuantizationPlan(choices, stored, operators)
        {
            SharesTable = sharesTable,
            Warnings = OperatorChoice.FallbackWarnings(options.Operators, asked),
        };
        // Whether the target can be met is known from sizes.
        if (plan.IsOpen(options)) AllocationProblem.Create(architecture, plan, options);
        return plan;
    }

    /// <summary>Whether widths are still to be found; a checkpoint that is quantized already has them all.</summary>
    internal bool IsOpen(QuantizationOptions options) => options.TargetBitsPerWeight is not null && _stored is null;

    /// <summary>The same plan with other widths for some layers.</summary>
    internal QuantizationPlan With(IReadOnlyDictionary<string, LayerForm> forms) => new(
        _choices.ToDictionary(
            choice => choice.Key,
            choice => forms.TryGetValue(choice.Key, out var form) ? choice.Value with { Bits = form.Bits, GroupSize = form.GroupSize } : choice.Value,
            StringComparer.Ordinal),
        _stored,
        Operators)
    {
        SharesTable = SharesTable,
    };

    private static OperatorSet ResolveOperators(
        Architecture architecture, QuantizationOptions options, Dictionary<string, (BitWidth Bits, int GroupSize)> chosen, StoredLinears? stored)
    {
        var operators = OperatorChoice.Resolve(options.Operators, chosen.ToDictionary(choice => choice.Key, choice => choice.Value.Bits), options.ActOrder, options.GroupSize);
        if (chosen.TryGetValue(architecture.TokenEmbedding.Name, out var table)) OperatorChoice.RequireGather(operators, architecture.TokenEmbedding, table.Bits, table.GroupSize);
        if (stored is not null) OperatorChoice.RequireStored(operators, architecture.Linears.Where(stored.Contains), stored);
        return operators;
    }

    // The table of a tied model is one tensor with two names: what Modules says of either holds for both, unless it leaves the other one out.
    private static bool ChooseTable(Architecture architecture, QuantizationOptions options, Dictionary<string, (BitWidth Bits, int GroupSize)> chosen)
    {
        var (head, table) = (architecture.Head.Name, architecture.TokenEmbedding.Name);
        var rule = options.Modules.For(table);
        if (rule is { Skip: false }) chosen[table] = (rule.Bits!.Value, rule.GroupSize ?? options.GroupSize);
        if (architecture.TiedEmbedding(architecture.Head) is null) return false;
        if (chosen.TryGetValue(head, out var choice) && rule is null) chosen[table] = choice;
        else if (chosen.TryGetValue(table, out choice) && options.Modules.For(head) is null) chosen[head] = choice;
        return chosen.TryGetValue(head, out var first) && chosen.TryGetValue(table, out var second) && first == second;
    }
}
