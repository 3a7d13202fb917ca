using Gptq.Quantization.Calibration;
using Gptq.Quantization.Tests.Architectures.Plain;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Small models of every family and of its options: the decoder with a cache, the decoder without one, and the parts must agree.</summary>
public sealed class ArchitectureVariantsTests
{
    private const int Length = 14;

    [Theory]
    [MemberData(nameof(ArchitectureVariants.All), MemberType = typeof(ArchitectureVariants))]
    [MemberData(nameof(ArchitectureVariants.Lengthening), MemberType = typeof(ArchitectureVariants))]
    public void Logits_equal_those_of_a_plain_decoder(string type, string options)
    {
        var json = Config(type, options);
        var architecture = RandomCheckpoint.Create(json);
        var expected = Plain(json).Logits(Ids(0));
        long[] ids = [.. Ids(0).Select(id => (long)id)];

        using var decoder = new DecoderSession(architecture);
        AssertNear(expected, decoder.Run(ids, 1));
        using var portable = new DecoderSession(architecture, portable: true);
        AssertNear(expected, portable.Run(ids, 1));
        AssertNear(expected, ModelParts.Run(architecture, new TokenBatch(1, Length), ids).Logits);
    }

    [Theory]
    [MemberData(nameof(ArchitectureVariants.Lengthening), MemberType = typeof(ArchitectureVariants))]
    public void Frequencies_that_change_with_the_length_leave_the_cache_as_it_is(string type, string options)
    {
        const int Prompt = 4;
        var json = Config(type, options);
        var expected = Plain(json).Logits(Ids(0), [.. Ids(0).Select((_, token) => Math.Max(Prompt, token + 1))]);
        foreach (var portable in new[] { false, true })
        {
            using var decoder = new DecoderSession(RandomCheckpoint.Create(json), portable: portable);
            var actual = decoder.Run([.. Ids(0)[..Prompt].Select(id => (long)id)], 1).Concat(Ids(0)[Prompt..].SelectMany(id => decoder.Run([id], 1)));
            AssertNear(expected, [.. actual]);
        }
    }

    [Theory]
    [MemberData(nameof(ArchitectureVariants.All), MemberType = typeof(ArchitectureVariants))]
    public void Cached_and_uncached_decoding_and_the_parts_agree(string type, string options) => Agree(type, options, portable: false);

    [Theory]
    [MemberData(nameof(ArchitectureVariants.All), MemberType = typeof(ArchitectureVariants))]
    public void And_so_they_do_in_standard_operators(string type, string options) => Agree(type, options, portable: true);

    private static void Agree(string type, string options, bool portable)
    {
        var architecture = RandomCheckpoint.Create(Config(type, options));
        Assert.Empty(architecture.Warnings);
        long[] ids = [.. Ids(0).Concat(Ids(1)).Select(id => (long)id)];
        using var decoder = new DecoderSession(architecture, portable: portable);
        var full = decoder.Run(ids, 2);
        var tolerance = 1e-4 * Difference.Spread(full);

        var (_, logits) = ModelParts.Run(architecture, new TokenBatch(2, Length), ids);
        Assert.InRange(Difference.Max(logits, full), 0, tolerance);

        decoder.Reset();
        var first = full[..(Length * architecture.VocabularySize)];
        var stepwise = decoder.Run(ids[..4], 1).Concat(decoder.Run(ids[4..7], 1)).Concat(ids[7..Length].SelectMany(id => decoder.Run([id], 1))).ToArray();
        Assert.InRange(Difference.Max(stepwise, first), 0, tolerance);

        // Several tokens at once behind others, in both rows.
        if (portable)
        {
            decoder.Reset();
            const int Cut = 6;
            decoder.Run([.. ids[..Cut], .. ids[Length..(Length + Cut)]], 2);
            var rest = decoder.Run([.. ids[Cut..Length], .. ids[(Length + Cut)..]], 2);
            var (cut, whole) = (Cut * architecture.VocabularySize, Length * architecture.VocabularySize);
            Assert.InRange(Difference.Max(rest.AsSpan(0, whole - cut), full.AsSpan(cut, whole - cut)), 0, tolerance);
            Assert.InRange(Difference.Max(rest.AsSpan(whole - cut), full.AsSpan(whole + cut)), 0, tolerance);
        }

        // Different lengths side by side: the shorter text is padded on the left.
        decoder.Reset();
        long[] padded = [.. Enumerable.Repeat(1L, 3), .. ids[..(Length - 3)], .. ids[Length..]];
        var batch = new TokenBatch(2, Length) { AttentionMask = [.. Enumerable.Range(0, 2 * Length).Select(index => index < 3 ? 0L : 1L)] };
        var sideBySide = decoder.Run(padded, 2, batch.AttentionMask, batch.Positions());
        var vocabulary = architecture.VocabularySize;
        var (shorter, longer) = ((Length - 3) * vocabulary, Length * vocabulary);
        Assert.InRange(Difference.Max(sideBySide.AsSpan(3 * vocabulary, shorter), full.AsSpan(0, shorter)), 0, tolerance);
        Assert.InRange(Difference.Max(sideBySide.AsSpan(longer), full.AsSpan(longer)), 0, tolerance);
    }

    [Fact]
    public void A_window_of_n_sees_n_tokens_itself_included()
    {
        const string Config = $$"""{"model_type": "mistral", {{ArchitectureVariants.Llama}}, "num_hidden_layers": 1, "num_key_value_heads": 2, "sliding_window": 3}""";
        var architecture = RandomCheckpoint.Create(Config);
        using var decoder = new DecoderSession(architecture);
        var before = decoder.Run([5, 6, 7, 8, 9], 1);
        decoder.Reset();
        var after = decoder.Run([5, 30, 7, 8, 9], 1);
        float[] Token(float[] logits, int token) => logits[(token * 50)..((token + 1) * 50)];

        Assert.Equal(Token(before, 0), Token(after, 0));
        Assert.NotEqual(Token(before, 3), Token(after, 3));
        Assert.Equal(Token(before, 4), Token(after, 4));
    }

    private static string Config(string type, string options) => $$"""{"model_type": "{{type}}", {{options}} }""";

    private static int[] Ids(int row) => [.. Enumerable.Range(row * Length, Length).Select(index => index * 7 % 50)];

    private static PlainDecoder Plain(string json)
    {
        var checkpoint = new RandomCheckpoint(json);
        var read = new Dictionary<string, double[]>(StringComparer.Ordinal);
        return PlainDecoder.Create(json, name =>
        {
            if (read.TryGetValue(name, out var values)) return values;
            var tensor = new float[checkpoint.Tensors[name].ElementCount];
            checkpoint.Read(name, tensor);
            return read[name] = [.. tensor.Select(value => (double)value)];
        });
    }

    private static void AssertNear(double[] expected, float[] actual)
    {
        float[] rounded = [.. expected.Select(value => (float)value)];
        Assert.InRange(Difference.Max(actual, rounded), 0, 1e-4 * Difference.Spread(rounded));
    }
}
