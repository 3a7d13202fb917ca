using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Runs a model part by part.</summary>
internal static class ModelParts
{
    /// <summary>The hidden states: the first block's input, then each block's output; and the logits.</summary>
    public static (List<float[]> Hidden, float[] Logits) Run(Architecture architecture, TokenBatch batch, long[] ids, int threads = 1)
    {
        using var runner = new BlockRunner(architecture, threads);
        var hidden = new List<float[]> { new float[batch.Tokens * architecture.HiddenSize] };
        using (var embedding = runner.OpenEmbedding())
            embedding.RunEmbedding(batch, ids, hidden[0]);
        for (var layer = 0; layer < architecture.LayerCount; layer++)
        {
            hidden.Add(new float[hidden[0].Length]);
            using var block = runner.OpenBlock(layer);
            block.RunBlock(batch, hidden[layer], hidden[layer + 1]);
        }

        var logits = new float[batch.Tokens * architecture.VocabularySize];
        using (var head = runner.OpenHead())
            head.RunBlock(batch, hidden[^1], logits);
        return (hidden, logits);
    }
}
