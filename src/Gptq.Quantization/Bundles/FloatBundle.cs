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
    /// <exception cref="GptqException">GPTQ22xx: a file of the checkpoint is damaged.</exception>
    /// <exception cref="IOException">The folder can't be written to, or holds such files.</exception>
    public static void Write(ModelSource source, string directory)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(directory);
        DecoderGraph.Write(source.Architecture, directory);
        RuntimeFiles.Write(source, directory);
    }
}
