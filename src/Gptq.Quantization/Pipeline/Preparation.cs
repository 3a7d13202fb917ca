using Gptq.Quantization.Allocation;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;

namespace Gptq.Quantization.Pipeline;

/// <summary>What is settled before the first block is solved: the calibration sequences, and each layer's width where a target leaves it open.</summary>
/// <param name="Sequences">[samples][length]; drawn when they are first asked for.</param>
/// <param name="Plan">The plan with every layer's width.</param>
internal sealed record Preparation(Lazy<IReadOnlyList<int[]>> Sequences, QuantizationPlan Plan)
{
    /// <summary>Whether it takes so long that the journal keeps it.</summary>
    public static bool IsKept(QuantizationOptions options, QuantizationPlan plan) => plan.IsOpen(options);

    /// <summary>Prepares, or takes up what an interrupted run has prepared.</summary>
    public static Preparation Make(
        ModelSource source, QuantizationPlan plan, CalibrationCorpus corpus, QuantizationOptions options, ResultStore store, int threads,
        IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var sequences = new Lazy<IReadOnlyList<int[]>>(() => CalibrationSequences.Draw(source, corpus, options));
        if (!IsKept(options, plan)) return new Preparation(sequences, plan);
        if (store.ReadForms() is not { } forms)
        {
            var blocks = source.Architecture.LayerCount;
            forms = BitAllocator.Allocate(
                source.Architecture, plan, options, sequences.Value, ModelQuantizer.RefinementSweeps, threads,
                block => progress.Report(new PipelineProgress(PipelinePhase.Measure, block, blocks, $"sensitivity of block {block + 1} of {blocks}")),
                cancellation);
            progress.Report(new PipelineProgress(PipelinePhase.Measure, blocks, blocks, "done"));
            store.AddPreparation(forms);
        }
        return new Preparation(sequences, plan.With(forms));
    }
}
