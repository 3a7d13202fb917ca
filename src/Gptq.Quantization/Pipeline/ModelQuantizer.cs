using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>Quantizes a model's blocks in order: each is calibrated with what the quantized blocks before it give (reference: opt.py, opt_sequential).</summary>
internal static class ModelQuantizer
{
    public static void Run(
        ModelSource source, QuantizationPlan plan, CalibrationCorpus corpus, QuantizationOptions options, ResultStore store, int threads,
        IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var architecture = source.Architecture;
        var headIsQuantized = plan.For(architecture.Head) is not null;
        var parts = architecture.LayerCount + (headIsQuantized ? 1 : 0);
        if (store.FinishedParts >= parts) return;

        using var runner = new BlockRunner(architecture, threads);
        var sequences = CalibrationSampler.Draw(
            corpus,
            text => source.Tokenizer.Encode(text, addSpecialTokens: false, findSpecialTokens: false),
            Prefix(source),
            options.CalibrationSamples,
            SequenceLength(architecture, options),
            options.Seed);
        RequireKnownTokens(architecture, sequences);

        CalibrationActivations activations;
        using (var embedding = runner.OpenEmbedding())
            activations = CalibrationActivations.Embed(embedding, sequences, cancellation);
        Resume(runner, store, activations, cancellation);

        var quantizer = new BlockQuantizer(plan, new CpuLayerSolver(threads), options.TrueSequential, refinementSweeps: 0, threads);
        for (var part = store.FinishedParts; part < parts; part++)
        {
            progress.Report(new PipelineProgress(PipelinePhase.Quantize, part, parts, part < architecture.LayerCount ? $"block {part + 1} of {architecture.LayerCount}" : "head"));
            using var open = part < architecture.LayerCount ? runner.OpenBlock(part) : runner.OpenHead();
            var results = quantizer.Run(open, activations, cancellation);
            if (part + 1 < parts) activations.Advance(open, cancellation);
            store.Add(part, results, activations);
        }
        progress.Report(new PipelineProgress(PipelinePhase.Quantize, parts, parts, "done"));
    }

    // Texts begin with BOS where the tokenizer says so.
    private static int[] Prefix(ModelSource source) => source.Tokenizer.Encode("", addSpecialTokens: true) is [var first, ..] ? [first] : [];

    private static int SequenceLength(Architecture architecture, QuantizationOptions options)
    {
        var limit = architecture.MaxPositions ?? int.MaxValue;
        if (options.SequenceLength is not { } asked) return Math.Min(2048, limit);
        return asked <= limit
            ? asked
            : throw new GptqException("GPTQ1110", $"SequenceLength {asked} is more than the {limit} positions that the model has.");
    }

    private static void RequireKnownTokens(Architecture architecture, IReadOnlyList<int[]> sequences)
    {
        var largest = sequences.Max(sequence => sequence.Max());
        if (largest >= architecture.VocabularySize)
            throw new GptqException("GPTQ2302", $"The tokenizer gives the id {largest}, but the model knows {architecture.VocabularySize} tokens. Use the tokenizer that belongs to the checkpoint.");
    }

    // Takes up an interrupted run behind its last finished block.
    private static void Resume(BlockRunner runner, ResultStore store, CalibrationActivations activations, CancellationToken cancellation)
    {
        if (store.FinishedParts == 0 || store.TryReadActivations(activations)) return;
        for (var part = 0; part < store.FinishedParts; part++)
        {
            using var block = runner.OpenBlock(part);
            var finished = store.Layers(part);
            foreach (var module in block.Linears.Where(module => finished.Contains(module.Name)))
                store.Read(part, module.Name).Dequantize(block.Weight(module));
            activations.Advance(block, cancellation);
        }
    }
}
