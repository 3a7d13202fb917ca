using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>Writes a quantized model as a checkpoint in AutoGPTQ's layout.</summary>
internal static class AutoGptqFolder
{
    private const string Weight = ".weight";

    /// <summary>Refuses layers that the layout has no place for, before anything is calibrated.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="bits">The layers that are to be quantized.</param>
    /// <exception cref="GptqException">GPTQ5020.</exception>
    public static void Require(Architecture architecture, IReadOnlyDictionary<string, BitWidth> bits)
    {
        if (bits.ContainsKey(architecture.TokenEmbedding.Name))
            throw AutoGptqWriter.Refusal(architecture.TokenEmbedding.Name, "embeddings are not quantized there");
        if (architecture.TiedEmbedding(architecture.Head) is not null && bits.ContainsKey(architecture.Head.Name))
            throw AutoGptqWriter.Refusal(architecture.Head.Name, "it is the embedding, and embeddings are not quantized there");
        foreach (var module in architecture.Linears.Where(module => bits.ContainsKey(module.Name)))
        {
            if (AutoGptqTensors.WhyNot(bits[module.Name], module.OutFeatures, module.InFeatures) is { } why)
                throw AutoGptqWriter.Refusal(module.Name, why);
        }
    }

    /// <summary>Writes the checkpoint: tensors in the order of their names, then the configuration and the tokenizer's files.</summary>
    public static void Write(
        ModelSource source, QuantizationPlan plan, QuantizationOptions options, AutoGptqVersion version, ResultStore store, string directory, CancellationToken cancellation)
    {
        var parts = store.Index();
        var linears = source.Architecture.Linears.Where(module => plan.For(module) is not null || plan.Keeps(module))
            .ToDictionary(source.Architecture.StoredName, StringComparer.Ordinal);
        using var writer = new AutoGptqWriter(directory, Describe(source, plan, options, version));
        foreach (var name in source.Checkpoint.Tensors.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            if (!name.EndsWith(Weight, StringComparison.Ordinal) || !linears.TryGetValue(name[..^Weight.Length], out var module)) writer.Copy(source.Checkpoint.Stored, name);
            else writer.Add(name[..^Weight.Length], plan.Keeps(module) ? source.Checkpoint.Quantized!.Read(module) : store.Read(parts[module.Name], module.Name));
        }
        writer.Complete(source.Directory);
    }

    // The layers' most frequent form is that of the whole; the others are named one by one.
    private static AutoGptqConfig Describe(ModelSource source, QuantizationPlan plan, QuantizationOptions options, AutoGptqVersion version)
    {
        var architecture = source.Architecture;
        var forms = architecture.Linears.Where(module => module.Layer >= 0 || plan.For(module) is not null || plan.Keeps(module))
            .Select(module => (Name: architecture.StoredName(module), Form: FormOf(source, plan, module)))
            .ToList();
        var most = forms.Where(module => module.Form is not null).GroupBy(module => module.Form!.Value)
            .OrderByDescending(form => form.Count()).ThenByDescending(form => (int)form.Key.Bits).ThenBy(form => form.Key.GroupSize).Select(form => form.Key)
            .FirstOrDefault((options.Bits, options.GroupSize));
        var kept = architecture.Linears.FirstOrDefault(plan.Keeps) is { } first ? source.Checkpoint.Quantized!.ConfigOf(first) : null;
        return new AutoGptqConfig(
            most.Item1,
            most.Item2,
            kept?.Symmetric ?? options.Symmetric,
            kept?.DescAct ?? (options.ActOrder == ActOrder.Dynamic && most.Item2 != -1),
            version)
        {
            Damp = options.Damp,
            StaticGroups = options.ActOrder == ActOrder.Static,
            TrueSequential = options.TrueSequential,
            QuantizesHead = plan.For(architecture.Head) is not null || plan.Keeps(architecture.Head),
            Dynamic =
            [
                .. forms.Where(module => module.Form != most)
                    .Select(module => AutoGptqModuleRule.For(module.Name, skip: module.Form is null, module.Form?.Bits, module.Form?.GroupSize)),
            ],
        };
    }

    private static (BitWidth Bits, int GroupSize)? FormOf(ModelSource source, QuantizationPlan plan, LinearModule module)
    {
        if (plan.Keeps(module)) return source.Checkpoint.Quantized!.ConfigOf(module) is var config ? (config.Bits, config.GroupSize) : null;
        return plan.For(module) is { } options ? (options.Bits, options.GroupSize) : null;
    }
}
