using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.GptqOperators;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>A decoder as the pipeline makes it from a checkpoint, with calibration tokens instead of a text: fixtures have no tokenizer.</summary>
internal static class QuantizedDecoder
{
    /// <summary>Plans, calibrates and solves block by block with the item's options, and writes the decoder with the default operators.</summary>
    public static DecoderSession Create(Architecture architecture, QuantizationOptions options, IReadOnlyList<int[]> sequences)
    {
        var plan = QuantizationPlan.Create(architecture, options);
        var quantizer = new BlockQuantizer(plan, new CpuLayerSolver(1), new CpuCodeRefiner(1), options.TrueSequential, ModelQuantizer.RefinementSweeps, threads: 1);
        var solved = new Dictionary<string, QuantizedLinear>(StringComparer.Ordinal);
        using var runner = new BlockRunner(architecture, threads: 1);
        CalibrationActivations activations;
        using (var embedding = runner.OpenEmbedding())
            activations = CalibrationActivations.Embed(embedding, sequences, CancellationToken.None);
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            using var block = runner.OpenBlock(layer);
            foreach (var result in quantizer.Run(block, activations, null, CancellationToken.None))
                solved[result.Report.Layer] = result.Linear;
            activations.Advance(block, CancellationToken.None);
        }

        var kept = new FloatEmitter(architecture);
        var packed = new GptqEmitter(linear => solved[linear.Name]);
        return new DecoderSession(architecture, new PerModuleEmitter(linear => solved.ContainsKey(linear.Name) ? packed : kept));
    }
}
