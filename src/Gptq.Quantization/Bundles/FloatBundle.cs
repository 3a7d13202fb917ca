using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Pipeline;

namespace Gptq.Quantization.Bundles;

/// <summary>A checkpoint as it is, in a bundle's form: what a quantized bundle is compared with.</summary>
public static class FloatBundle
{
    /// <summary>
    /// Writes the decoder with float32 weights, the tokenizer's files and genai_config.json, so that the runtime that opens a bundle opens this too.
    /// It takes 4 bytes a parameter on disk; weights are streamed, one tensor at a time.
    /// </summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="directory">An empty folder, or one that is not there yet.</param>
    /// <param name="cancellation">Stops before the next linear; what is written by then stays.</param>
    /// <exception cref="GptqException">GPTQ22xx: a file of the checkpoint is damaged.</exception>
    /// <exception cref="IOException">The folder can't be written to, or holds such files.</exception>
    public static void Write(ModelSource source, string directory, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(directory);
        var emitter = new CancellableEmitter(new FloatEmitter(source.Architecture), cancellation);
        DecoderGraph.Write(source.Architecture, directory, emitter, emitter);
        RuntimeFiles.Write(source, directory);
    }

    // Weights are written where they are emitted: that is where a big model takes its time.
    private sealed class CancellableEmitter(FloatEmitter emitter, CancellationToken cancellation) : ILinearEmitter, IEmbeddingEmitter
    {
        public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias)
        {
            cancellation.ThrowIfCancellationRequested();
            return emitter.Emit(graph, linear, input, bias);
        }

        public string Emit(GraphBuilder graph, EmbeddingModule table, string ids)
        {
            cancellation.ThrowIfCancellationRequested();
            return emitter.Emit(graph, table, ids);
        }
    }
}
