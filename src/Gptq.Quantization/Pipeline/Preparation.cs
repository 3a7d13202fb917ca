using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gptq.Quantization.Allocation;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;

namespace Gptq.Quantization.Pipeline;

/// <summary>What is settled before the first block is solved: the calibration sequences, and each layer's width where a target leaves it open.</summary>
/// <param name="Sequences">[samples][length]; drawn when they are first asked for.</param>
/// <param name="Plan">The plan with every layer's width.</param>
/// <param name="WrittenDigest">SHA-256 of the sequences where the model wrote them, else null.</param>
internal sealed record Preparation(Lazy<IReadOnlyList<int[]>> Sequences, QuantizationPlan Plan, string? WrittenDigest)
{
    /// <summary>Whether it takes so long that the journal keeps it.</summary>
    public static bool IsKept(ModelSource source, QuantizationPlan plan, CalibrationCorpus corpus, QuantizationOptions options) =>
        plan.IsOpen(options) || IsWritten(source, plan, corpus);

    /// <summary>Prepares, or takes up what an interrupted run has prepared.</summary>
    public static Preparation Make(
        ModelSource source, QuantizationPlan plan, CalibrationCorpus corpus, QuantizationRequest request, ResultStore store, DeviceRun device,
        IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var options = request.Options;
        if (!IsKept(source, plan, corpus, options))
            return new Preparation(new Lazy<IReadOnlyList<int[]>>(() => CalibrationSequences.Draw(source, corpus, options)), plan, null);

        var written = IsWritten(source, plan, corpus);
        var found = store.ReadPreparation();
        var sequences = found?.Sequences ?? (written ? Write(source, request, progress, cancellation) : CalibrationSequences.Draw(source, corpus, options));
        var forms = found?.Forms ?? (plan.IsOpen(options) ? Allocate(source, plan, request, sequences, device, progress, cancellation) : new Dictionary<string, LayerForm>());
        if (found is null) store.AddPreparation(forms, written ? sequences : null);
        return new Preparation(new Lazy<IReadOnlyList<int[]>>(sequences), plan.With(forms), written ? DigestOf(sequences) : null);
    }

    // Where nothing is solved, nothing has to be written.
    private static bool IsWritten(ModelSource source, QuantizationPlan plan, CalibrationCorpus corpus) =>
        ReferenceEquals(corpus, CalibrationCorpus.Self) && source.Architecture.Linears.Any(module => plan.For(module) is not null);

    private static IReadOnlyList<int[]> Write(ModelSource source, QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var length = CalibrationSequences.Length(source.Architecture, request.Options);
        // Beside the result: a float model can be larger than the system's temporary folder.
        var decoder = request.OutputDirectory + ".float-" + Guid.NewGuid().ToString("N");
        try
        {
            FloatBundle.Write(source, decoder, cancellation);
            using var writer = new SelfWriter(source.Architecture, decoder, request.Threads);
            return writer.Write(
                CalibrationSequences.Prefix(source), request.Options.CalibrationSamples, length, request.Options.Seed,
                (done, total) => progress.Report(new PipelineProgress(PipelinePhase.Calibrate, done, total, "the model writes its text")),
                cancellation);
        }
        finally
        {
            if (Directory.Exists(decoder)) Directory.Delete(decoder, recursive: true);
        }
    }

    private static IReadOnlyDictionary<string, LayerForm> Allocate(
        ModelSource source, QuantizationPlan plan, QuantizationRequest request, IReadOnlyList<int[]> sequences, DeviceRun device,
        IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var blocks = source.Architecture.LayerCount;
        var forms = BitAllocator.Allocate(
            source.Architecture, plan, request.Options, sequences, device.Solver, device.Refiner, ModelQuantizer.RefinementSweeps, request.Threads,
            block => progress.Report(new PipelineProgress(PipelinePhase.Calibrate, block, blocks, $"sensitivity of block {block + 1} of {blocks}")),
            cancellation);
        progress.Report(new PipelineProgress(PipelinePhase.Calibrate, blocks, blocks, "done"));
        return forms;
    }

    private static string DigestOf(IReadOnlyList<int[]> sequences)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var sequence in sequences) hash.AppendData(MemoryMarshal.AsBytes(sequence.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
