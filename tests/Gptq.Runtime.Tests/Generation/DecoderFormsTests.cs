using Gptq.Onnx;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.Generation;

/// <summary>Graphs that other programs may write: a cache of float16, logits of float16, position_ids, no mask.</summary>
public sealed class DecoderFormsTests : IDisposable
{
    private const int Vocabulary = 2048;

    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-forms-").FullName;

    /// <summary>
    /// The graph's next token is the sum of all positions so far and of the last token: it is right only where positions and cache are.
    /// </summary>
    [Theory]
    [InlineData(ElementType.Float16, ElementType.Float, true, true)]
    [InlineData(ElementType.Float, ElementType.Float16, true, true)]
    [InlineData(ElementType.Float16, ElementType.Float16, false, true)]
    [InlineData(ElementType.Float, ElementType.Float, true, false)]
    [InlineData(ElementType.Float16, ElementType.Float16, false, false)]
    public void Positions_and_cache_arrive(ElementType cache, ElementType logits, bool takesMask, bool takesPositions)
    {
        Write(cache, logits, takesMask, takesPositions);
        using var model = QuantizedModel.Open(_folder, new QuantizedModelOptions { Threads = 1, PromptChunk = 2 });
        int[] prompt = [7, 1, 3, 5, 2];

        var generated = model.GenerateIds(prompt, new GenerationOptions { MaxNewTokens = 20, IgnoreEnd = true }).ToList();

        var (expected, last) = (new List<int>(), prompt[^1]);
        for (var total = prompt.Length; expected.Count < 20; total++)
        {
            // Without positions, each token counts for one.
            var sum = takesPositions ? total * (total - 1) / 2 : total;
            expected.Add(last = (sum + last) % Vocabulary);
        }

        Assert.Equal(expected, generated);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(ElementType cache, ElementType logits, bool takesMask, bool takesPositions)
    {
        var graph = new GraphBuilder("forms");
        var ids = graph.Input("input_ids", ElementType.Int64, "batch", "sequence");
        if (takesMask) graph.Input("attention_mask", ElementType.Int64, "batch", "total");
        var positions = takesPositions ? graph.Input("position_ids", ElementType.Int64, "batch", "sequence") : graph.Node("Add", [graph.Sub(ids, ids), graph.Scalar(1L)]);
        var added = graph.Cast(graph.Unsqueeze(positions, 1, 3), cache);
        foreach (var kind in new[] { "key", "value" })
        {
            var past = graph.Input($"past_key_values.0.{kind}", cache, "batch", 1, "past", 1);
            graph.NamedNode($"present.0.{kind}", "Concat", [past, added], Attributes.Int("axis", 2));
            graph.Output($"present.0.{kind}", cache, "batch", 1, "total", 1);
        }

        // Half precision counts to 2048 only: the sum is taken in float32.
        var sum = graph.Cast(graph.Node("ReduceSum", [graph.Cast("present.0.key", ElementType.Float)], Attributes.Int("keepdims", 0)), ElementType.Int64);
        var token = graph.Node("Mod", [graph.Add(ids, sum), graph.Scalar((long)Vocabulary)]);
        var values = graph.Inline("values", ElementType.Float, [2], System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([0, 1]));
        graph.NamedNode("logits", "Cast", [graph.Node("OneHot", [token, graph.Constant(Vocabulary), values])], Attributes.Int("to", (long)logits));
        graph.Output("logits", logits, "batch", "sequence", Vocabulary);
        ModelFile.Save(graph.ToModel(), Path.Combine(_folder, "model.onnx"));
        foreach (var name in new[] { "vocab.json", "merges.txt", "tokenizer_config.json" }) File.Copy(Path.Combine(TestPaths.BardOpt, name), Path.Combine(_folder, name));
        File.WriteAllText(Path.Combine(_folder, "genai_config.json"), """
            { "model": { "type": "decoder", "vocab_size": 2048, "context_length": 64, "eos_token_id": 2,
              "decoder": { "filename": "model.onnx", "head_size": 1, "num_attention_heads": 1, "num_hidden_layers": 1, "num_key_value_heads": 1 } } }
            """);
    }
}
