using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Checkpoints;
using Gptq.Tests;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>The trained OPT checkpoint of the samples.</summary>
public sealed class BardOptTests : IDisposable
{
    private readonly Checkpoint _checkpoint = Checkpoint.Open(TestPaths.BardOpt);
    private readonly Architecture _architecture;

    public BardOptTests() => _architecture = Architecture.Create(ModelConfig.Load(Path.Combine(TestPaths.BardOpt, "config.json")), _checkpoint);

    public void Dispose() => _checkpoint.Dispose();

    [Fact]
    public void Describes_the_model()
    {
        Assert.Equal(5, _architecture.LayerCount);
        Assert.Equal(256, _architecture.HiddenSize);
        Assert.Equal(2048, _architecture.VocabularySize);
        Assert.Equal(512, _architecture.MaxPositions);
        Assert.Equal((4, 4, 64), (_architecture.HeadCount, _architecture.KeyValueHeadCount, _architecture.HeadDimension));
        Assert.Equal(2, _architecture.BosTokenId);
        Assert.Equal([2], _architecture.EosTokenIds);
        Assert.True(_architecture.TieWordEmbeddings);
        Assert.False(_architecture.TakesPositionIds);
        Assert.Empty(_architecture.Warnings);
        Assert.Equal("lm_head", _architecture.Head.Name);
        Assert.Equal("model.decoder.embed_tokens", _architecture.TokenEmbedding.Name);
    }

    [Fact]
    public void Lists_the_linears_of_a_block_by_stage()
    {
        var names = _architecture.Stages(3).Select(stage => string.Join(' ', stage.Select(linear => linear.Name.Replace("model.decoder.layers.3.", "", StringComparison.Ordinal))));
        Assert.Equal(["self_attn.q_proj self_attn.k_proj self_attn.v_proj", "self_attn.out_proj", "fc1", "fc2"], names);
    }

    [Fact]
    public void Decoding_token_by_token_equals_the_full_pass()
    {
        var ids = Ids(24);
        using var decoder = new DecoderSession(_architecture);
        var full = decoder.Run(ids, 1);

        decoder.Reset();
        var stepwise = decoder.Run(ids[..7], 1).Concat(ids[7..].SelectMany(id => decoder.Run([id], 1))).ToArray();

        Assert.InRange(Difference.Max(stepwise, full), 0, 1e-4 * Difference.Spread(full));
    }

    [Fact]
    public void Past_and_present_may_be_one_buffer()
    {
        var ids = Ids(12);
        using var decoder = new DecoderSession(_architecture);
        var full = decoder.Run(ids, 1);
        const int Capacity = 40;
        string[] names = [.. Enumerable.Range(0, 5).SelectMany(layer => new[] { DecoderNames.PastKey(layer), DecoderNames.PastValue(layer) })];
        string[] presents = [.. Enumerable.Range(0, 5).SelectMany(layer => new[] { DecoderNames.PresentKey(layer), DecoderNames.PresentValue(layer) })];
        OrtValue[] cache = [.. names.Select(_ => OrtValue.CreateTensorValueFromMemory(new float[4 * Capacity * 64], [1, 4, Capacity, 64]))];
        using var session = new InferenceSession(Path.Combine(decoder.Folder, DecoderGraph.ModelFileName));
        using var options = new RunOptions();
        var stepwise = new List<float>();
        for (int start = 0, count = 5; start < ids.Length; start += count, count = 1)
        {
            using var tokens = OrtValue.CreateTensorValueFromMemory(ids[start..(start + count)], [1, count]);
            using var mask = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(1L, start + count).ToArray(), [1, start + count]);
            var logits = new float[count * 2048];
            using var output = OrtValue.CreateTensorValueFromMemory(logits, [1, count, 2048]);
            session.Run(
                options, [DecoderNames.InputIds, DecoderNames.AttentionMask, .. names], [tokens, mask, .. cache],
                [DecoderNames.Logits, .. presents], [output, .. cache]);
            stepwise.AddRange(logits);
        }

        Assert.InRange(Difference.Max(stepwise.ToArray(), full), 0, 1e-4 * Difference.Spread(full));
        Array.ForEach(cache, value => value.Dispose());
    }

    [Fact]
    public void Padding_on_the_left_changes_nothing()
    {
        var ids = Ids(12);
        using var decoder = new DecoderSession(_architecture);
        var alone = decoder.Run(ids, 1);

        decoder.Reset();
        long[] mask = [.. Enumerable.Repeat(0L, 5), .. Enumerable.Repeat(1L, 12)];
        var padded = decoder.Run([.. Enumerable.Repeat(1L, 5), .. ids], 1, mask)[(5 * _architecture.VocabularySize)..];

        Assert.InRange(Difference.Max(padded, alone), 0, 1e-4 * Difference.Spread(alone));
    }

    [Fact]
    public void The_parts_compute_what_the_decoder_computes()
    {
        var ids = Ids(32);
        using var decoder = new DecoderSession(_architecture);
        var whole = decoder.Run(ids, 2);
        var (_, logits) = ModelParts.Run(_architecture, new TokenBatch(2, 16), ids);
        Assert.InRange(Difference.Max(logits, whole), 0, 1e-4 * Difference.Spread(whole));
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        var ids = Ids(64);
        var one = ModelParts.Run(_architecture, new TokenBatch(1, 64), ids, threads: 1);
        var three = ModelParts.Run(_architecture, new TokenBatch(1, 64), ids, threads: 3);
        Assert.Equal(one.Logits, three.Logits);
        Assert.Equal(one.Hidden[^1], three.Hidden[^1]);
    }

    [Fact]
    public void Taps_are_the_inputs_of_the_linears_and_weights_can_be_exchanged()
    {
        var batch = new TokenBatch(1, 8);
        using var runner = new BlockRunner(_architecture, 1);
        var hidden = new float[batch.Tokens * 256];
        using (var embedding = runner.OpenEmbedding())
            embedding.RunEmbedding(batch, Ids(8), hidden);

        using var block = runner.OpenBlock(2);
        var output = new float[hidden.Length];
        var seen = new Dictionary<int, float[]>();
        block.RunBlock(batch, hidden, output);
        block.RunTaps(batch, hidden, (stage, inputs) => seen[stage] = inputs.ToArray(), [0, 1, 2, 3]);
        Assert.Equal([0, 1, 2, 3], seen.Keys.Order());
        Assert.Equal([256, 256, 256, 1024], Enumerable.Range(0, 4).Select(block.StageFeatures));

        // fc2 without weights leaves the residual and fc2's bias: every token's output moves by −W₂x of its tap.
        var fc2 = block.Linears[^1];
        var weight = block.Weight(fc2).ToArray();
        block.Weight(fc2).Span.Clear();
        var without = new float[output.Length];
        block.RunBlock(batch, hidden, without);
        var tap = seen[fc2.Stage];
        for (var row = 0; row < 256; row++)
        {
            var product = 0.0;
            for (var column = 0; column < 1024; column++)
                product += (double)weight[(row * 1024) + column] * tap[column];
            Assert.Equal(product, output[row] - without[row], 1e-4);
        }
    }

    [Fact]
    public void A_portable_model_is_standard_ONNX_alone_and_a_tied_table_is_stored_once()
    {
        using var decoder = new DecoderSession(_architecture, portable: true);
        var model = ModelFile.Load(Path.Combine(decoder.Folder, DecoderGraph.ModelFileName));
        Assert.Equal([Domains.Standard], model.OpsetImport.Select(opset => opset.Domain));
        Assert.All(model.Graph.Node, node => Assert.Equal(Domains.Standard, node.Domain));
        Assert.Single(model.Graph.Initializer, tensor => tensor.Dims.SequenceEqual([2048L, 256L]));
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        using var first = new DecoderSession(_architecture);
        using var second = new DecoderSession(_architecture);
        foreach (var file in Directory.GetFiles(first.Folder))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(second.Folder, Path.GetFileName(file))));
    }

    private static long[] Ids(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(4, 2048))];
    }
}
