using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Options;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Every checkpoint of the reference folder against the logits that the reference implementation computed for it.</summary>
public sealed class ReferenceArchitecturesTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Configs()
    {
        var data = new TheoryData<string, string>();
        foreach (var folder in Folders())
        {
            foreach (var file in Directory.GetFiles(folder, "config*.json").Order(StringComparer.Ordinal))
                data.Add(Path.GetFileName(folder), Path.GetFileName(file));
        }

        return data;
    }

    public static TheoryData<string> Fixtures() => [.. Folders().Select(folder => Path.GetFileName(folder))];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Configs))]
    public void Logits_and_hidden_states_equal_the_reference(string fixture, string config)
    {
        using var model = Reference.Open(fixture, config);
        var (hidden, logits) = ModelParts.Run(model.Architecture, model.Batch, model.Ids);

        for (var layer = 0; layer < hidden.Count; layer++)
            model.AssertNear($"hidden_{layer}", hidden[layer], Tolerance);
        model.AssertNear("logits", logits, Tolerance);

        // Other spellings of the same config give the same graphs; one of them shows that the shipped ones are right.
        if (config != "config.json")
            return;
        using var decoder = new DecoderSession(model.Architecture);
        model.AssertNear("logits", decoder.Run(model.Ids, model.Batch.Count), Tolerance);
        using var portable = new DecoderSession(model.Architecture, portable: true);
        model.AssertNear("logits", portable.Run(model.Ids, model.Batch.Count), Tolerance);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Fixtures))]
    public void Decoding_token_by_token_equals_the_full_pass(string fixture)
    {
        using var model = Reference.Open(fixture, "config.json");
        using var decoder = new DecoderSession(model.Architecture);
        var (rows, length, vocabulary) = (model.Batch.Count, model.Batch.Length, model.Architecture.VocabularySize);
        var stepwise = new float[rows * length * vocabulary];
        var start = 0;
        foreach (var count in Enumerable.Repeat(1, length - 5).Prepend(5))
        {
            long[] ids = [.. Enumerable.Range(0, rows).SelectMany(row => model.Ids.Skip((row * length) + start).Take(count))];
            var logits = decoder.Run(ids, rows);
            for (var row = 0; row < rows; row++)
                logits.AsSpan(row * count * vocabulary, count * vocabulary).CopyTo(stepwise.AsSpan(((row * length) + start) * vocabulary));
            start += count;
        }

        model.AssertNear("logits", stepwise, Tolerance);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Padded))]
    public void Padding_on_the_left_changes_nothing(string fixture)
    {
        using var model = Reference.Open(fixture, "config.json", "expected_leftpad.safetensors");
        var mask = model.Expected.ReadArray<long>("attention_mask");
        var batch = model.Batch with { AttentionMask = mask };
        using var decoder = new DecoderSession(model.Architecture);
        model.AssertNear("logits", decoder.Run(model.Ids, batch.Count, mask, batch.Positions()), Tolerance, mask);
        model.AssertNear("logits", ModelParts.Run(model.Architecture, batch, model.Ids).Logits, Tolerance, mask);
    }

    [Fact]
    public void Rounded_to_8_bits_the_most_likely_token_stays()
    {
        TestPaths.RequireReference();
        int same = 0, tokens = 0;
        foreach (var fixture in Folders().Select(folder => Path.GetFileName(folder)))
        {
            using var model = Reference.Open(fixture, "config.json");
            var kept = new FloatEmitter(model.Architecture);
            var quantized = new MatMulNBitsEmitter(linear => RoundToNearest.EightBits(model.Architecture, linear), accuracyLevel: 0);
            using var decoder = new DecoderSession(model.Architecture, new PerModuleEmitter(linear => linear.Layer < 0 ? kept : quantized));
            var actual = decoder.Run(model.Ids, model.Batch.Count);
            var expected = model.Expected.ReadFloats("logits");
            var vocabulary = model.Architecture.VocabularySize;
            same += Enumerable.Range(0, model.Batch.Tokens)
                .Count(token => MostLikely(actual, token, vocabulary) == MostLikely(expected, token, vocabulary));
            tokens += model.Batch.Tokens;
        }

        Assert.InRange(same, 0.95 * tokens, tokens);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Fixtures))]
    public void Quantized_to_8_bits_the_most_likely_token_stays(string fixture)
    {
        using var model = Reference.Open(fixture, "config.json");
        var sequences = model.Ids.Chunk(model.Batch.Length).Select(row => row.Select(id => (int)id).ToArray()).ToList();
        var expected = model.Expected.ReadFloats("logits");
        var vocabulary = model.Architecture.VocabularySize;
        using var decoder = QuantizedDecoder.Create(model.Architecture, new QuantizationOptions { Bits = BitWidth.Eight }, sequences);
        var actual = decoder.Run(model.Ids, model.Batch.Count);
        var same = Enumerable.Range(0, model.Batch.Tokens).Count(token => MostLikely(actual, token, vocabulary) == MostLikely(expected, token, vocabulary));
        Assert.InRange(same, 0.95 * model.Batch.Tokens, model.Batch.Tokens);
    }

    public static TheoryData<string> Padded() =>
        [.. Folders().Where(folder => File.Exists(Path.Combine(folder, "expected_leftpad.safetensors"))).Select(folder => Path.GetFileName(folder))];

    private static int MostLikely(float[] logits, int token, int vocabulary)
    {
        var row = logits.AsSpan(token * vocabulary, vocabulary);
        var best = 0;
        for (var id = 1; id < row.Length; id++)
            best = row[id] > row[best] ? id : best;
        return best;
    }

    private static IEnumerable<string> Folders()
    {
        var root = TestPaths.Reference is null ? null : Path.Combine(TestPaths.Reference, "architectures");
        return root is null || !Directory.Exists(root)
            ? []
            : Directory.GetDirectories(root).Where(folder => File.Exists(Path.Combine(folder, "config.json"))).Order(StringComparer.Ordinal);
    }

    private sealed class Reference : IDisposable
    {
        private readonly Checkpoint _checkpoint;

        private Reference(Checkpoint checkpoint, Checkpoint expected, Architecture architecture)
        {
            _checkpoint = checkpoint;
            Expected = expected;
            Architecture = architecture;
            Ids = expected.ReadArray<long>("input_ids");
            var shape = expected.Tensors["input_ids"].Shape;
            Batch = new TokenBatch((int)shape[0], (int)shape[1]);
        }

        public Checkpoint Expected { get; }

        public Architecture Architecture { get; }

        public long[] Ids { get; }

        public TokenBatch Batch { get; }

        public static Reference Open(string fixture, string config, string expected = "expected.safetensors")
        {
            var folder = TestPaths.RequireReference("architectures", fixture);
            var checkpoint = Checkpoint.Open(folder);
            var architecture = Architecture.Create(ModelConfig.Load(Path.Combine(folder, config)), checkpoint);
            return new Reference(checkpoint, Checkpoint.Open(Path.Combine(folder, expected)), architecture);
        }

        /// <summary>Compares with a tensor of the reference, within a tolerance times its spread; only where a mask is 1.</summary>
        public void AssertNear(string name, float[] actual, double tolerance, long[]? mask = null)
        {
            var expected = Expected.ReadFloats(name);
            var spread = Difference.Spread(expected);
            var width = expected.Length / Batch.Tokens;
            for (var token = 0; mask is not null && token < mask.Length; token++)
            {
                if (mask[token] == 0)
                    expected.AsSpan(token * width, width).CopyTo(actual.AsSpan(token * width));
            }

            var difference = Difference.Max(actual, expected);
            Assert.True(difference <= tolerance * spread, $"{name}: off by {difference}, spread {spread}");
        }

        public void Dispose()
        {
            _checkpoint.Dispose();
            Expected.Dispose();
        }
    }
}
