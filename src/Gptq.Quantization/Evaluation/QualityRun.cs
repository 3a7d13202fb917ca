using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Evaluation;

/// <summary>
/// Quantizes a model in memory and measures it in the same pass: while the calibration sequences go through a block, the test windows do too.
/// For experiments; what ships is measured through its own graph.
/// </summary>
internal static class QualityRun
{
    /// <summary>Measures the float model.</summary>
    public static IReadOnlyList<double> Float(Architecture architecture, IReadOnlyList<int[]> windows, int threads, CancellationToken cancellation = default) =>
        Run(architecture, null, [], windows, threads, withFloatInputs: false, cancellation);

    /// <summary>Quantizes with a plan and measures.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="quantizer">What quantizes a block; null leaves the model as it is.</param>
    /// <param name="calibration">[sequences][length].</param>
    /// <param name="windows">[windows][length].</param>
    /// <param name="threads">Threads of the forward pass.</param>
    /// <param name="withFloatInputs">Whether the float model runs beside, for GPTAQ.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>Nats of each window, the mean over its predicted tokens.</returns>
    public static IReadOnlyList<double> Run(
        Architecture architecture, BlockQuantizer? quantizer, IReadOnlyList<int[]> calibration, IReadOnlyList<int[]> windows, int threads, bool withFloatInputs = false,
        CancellationToken cancellation = default)
    {
        using var runner = new BlockRunner(architecture, threads);
        CalibrationActivations? seen = null;
        CalibrationActivations? seenFloat = null;
        CalibrationActivations test;
        using (var embedding = runner.OpenEmbedding())
        {
            if (quantizer is not null) seen = CalibrationActivations.Embed(embedding, calibration, cancellation);
            if (withFloatInputs) seenFloat = CalibrationActivations.Embed(embedding, calibration, cancellation);
            test = CalibrationActivations.Embed(embedding, windows, cancellation);
        }
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            using var block = runner.OpenBlock(layer);
            if (seen is not null)
            {
                quantizer!.Run(block, seen, seenFloat, cancellation);
                if (layer + 1 < architecture.LayerCount) seen.Advance(block, cancellation);
            }
            test.Advance(block, cancellation);
        }
        using var head = runner.OpenHead();
        return Losses(head, test, windows, cancellation);
    }

    private static List<double> Losses(ModelPart head, CalibrationActivations test, IReadOnlyList<int[]> windows, CancellationToken cancellation)
    {
        var losses = new List<double>();
        for (var index = 0; index < test.BatchCount; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = test.BatchShape(index);
            var logits = new float[batch.Tokens * head.OutputFeatures];
            head.RunBlock(batch, test[index], logits);
            for (var row = 0; row < batch.Count; row++)
            {
                var window = windows[test.FirstSequence(index) + row];
                double sum = 0;
                for (var token = 0; token + 1 < window.Length; token++)
                    sum += LogitMeasures.CrossEntropy(logits.AsSpan(((row * batch.Length) + token) * head.OutputFeatures, head.OutputFeatures), window[token + 1]);
                losses.Add(sum / (window.Length - 1));
            }
        }
        return losses;
    }
}
