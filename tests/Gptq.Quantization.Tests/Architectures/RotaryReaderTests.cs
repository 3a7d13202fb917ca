using System.Text;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Parts;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Rotary scalings against their formulas.</summary>
public sealed class RotaryReaderTests
{
    private const int Dimension = 64;

    [Fact]
    public void Default_frequencies_fall_by_powers_of_theta()
    {
        var frequencies = Fixed("""{"rope_scaling": null}""");
        Assert.Equal(32, frequencies.Pairs);
        Assert.Equal(1, frequencies.Values[0]);
        Assert.Equal(Math.Pow(10000, -62.0 / 64), frequencies.Values[31], 1e-15);
    }

    [Fact]
    public void Linear_divides_all()
    {
        var plain = Fixed("{}");
        var linear = Fixed("""{"rope_scaling": {"type": "linear", "factor": 4}}""");
        Assert.All(plain.Values.Zip(linear.Values), pair => Assert.Equal(pair.First / 4, pair.Second, 1e-15));
    }

    [Fact]
    public void Llama3_has_three_bands()
    {
        var plain = Fixed("{}");
        var scaled = Fixed("""{"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 512}}""");
        var ratios = plain.Values.Zip(scaled.Values, (before, after) => before / after).ToArray();
        Assert.Equal(1, ratios[0], 1e-12);
        Assert.Equal(8, ratios[31], 1e-12);
        Assert.Equal(ratios.Order(), ratios);
        Assert.Contains(ratios, ratio => ratio is > 1.01 and < 7.99);

        // Where a pair turns 2.5 times in the original length, the mixture is half and half.
        var smooth = Fixed("""{"rope_theta": 1, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 15.707963267948966}}""", theta: 1);
        Assert.Equal((1 + (1 / 8.0)) / 2, smooth.Values[5], 1e-12);
    }

    [Fact]
    public void Yarn_keeps_fast_pairs_slows_slow_ones_and_sharpens()
    {
        var plain = Fixed("{}");
        var yarn = Fixed("""{"rope_parameters": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 128}}""");
        Assert.Equal(plain.Values[0], yarn.Values[0], 1e-15);
        Assert.Equal(plain.Values[31] / 4, yarn.Values[31], 1e-15);
        Assert.Equal((0.1 * Math.Log(4)) + 1, yarn.AttentionFactor, 1e-6);

        // The ramp runs from the pair that turns 32 times in 128 positions, below pair 0, to the one that turns once.
        var end = Math.Ceiling(64 * Math.Log(128 / (2 * Math.PI)) / (2 * Math.Log(10000)));
        var ramp = 4 / end;
        Assert.Equal((plain.Values[4] * (1 - ramp)) + (plain.Values[4] / 4 * ramp), yarn.Values[4], 1e-12);
    }

    [Fact]
    public void Yarn_takes_its_factor_and_weights_from_the_file()
    {
        Assert.Equal(1.5f, Fixed("""{"rope_scaling": {"type": "yarn", "factor": 4, "attention_factor": 1.5}}""").AttentionFactor);
        Assert.Equal(
            ((0.1 * 2 * Math.Log(4)) + 1) / ((0.1 * 0.5 * Math.Log(4)) + 1),
            Fixed("""{"rope_scaling": {"type": "yarn", "factor": 4, "mscale": 2, "mscale_all_dim": 0.5}}""").AttentionFactor, 1e-6);
        Assert.Equal(
            Fixed("""{"rope_scaling": {"type": "yarn", "factor": 8, "original_max_position_embeddings": 128}}""").Values,
            Fixed("""{"rope_scaling": {"type": "yarn", "original_max_position_embeddings": 128}}""").Values);
    }

    [Fact]
    public void Both_spellings_mean_the_same()
    {
        var four = Fixed("""{"rope_scaling": {"type": "linear", "factor": 2}}""", theta: 5000);
        var five = Fixed("""{"rope_parameters": {"rope_type": "linear", "factor": 2, "rope_theta": 5000}}""");
        Assert.Equal(four.Values, five.Values);
    }

    [Fact]
    public void Dynamic_equals_the_default_up_to_the_limit_and_grows_theta_beyond()
    {
        const string Start = """{"model_type": "llama", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 20, "max_position_embeddings": 8""";
        var theta = 10000 * Math.Pow((2.0 * 12 / 8) - 1, 8.0 / 6);
        Compare($$$"""{{{Start}}}, "rope_scaling": {"type": "dynamic", "factor": 2}}""", Start + "}", 8);
        Compare(
            $$$"""{{{Start}}}, "rope_scaling": {"type": "dynamic", "factor": 2}}""",
            $$"""{{Start}}, "rope_theta": {{theta.ToString("R", System.Globalization.CultureInfo.InvariantCulture)}}}""", 12);
    }

    [Fact]
    public void LongRope_changes_its_factors_beyond_the_original_limit()
    {
        const string Start = """{"model_type": "phi3", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 20, "max_position_embeddings": 64, "original_max_position_embeddings": 8""";
        const string Long = Start + """, "rope_scaling": {"type": "longrope", "attention_factor": 1, "short_factor": [2, 2, 2, 2], "long_factor": [3, 3, 3, 3]}}""";
        Compare(Long, Start + """, "rope_scaling": {"type": "linear", "factor": 2}}""", 8);
        Compare(Long, Start + """, "rope_scaling": {"type": "linear", "factor": 3}}""", 9);
    }

    [Fact]
    public void LongRope_sharpens_by_the_extension()
    {
        var frequencies = Read($$$"""{"rope_scaling": {"type": "longrope", "short_factor": [{{{Ones}}}], "long_factor": [{{{Ones}}}], "original_max_position_embeddings": 256}}""");
        Assert.Equal(Math.Sqrt(1 + (Math.Log(4) / Math.Log(256))), frequencies.AttentionFactor, 1e-6);
    }

    [Theory]
    [InlineData(8, new[] { 0.5f, 0.25f, 0.125f, 0.0625f, 0.03125f, 0.015625f, 0.0078125f, 0.00390625f })]
    [InlineData(3, new[] { 0.0625f, 0.00390625f, 0.25f })]
    public void Alibi_slopes_follow_the_rule_for_any_number_of_heads(int heads, float[] slopes) => Assert.Equal(slopes, Alibi.Slopes(heads));

    private static string Ones => string.Join(',', Enumerable.Repeat(1, Dimension / 2));

    private static RotaryFrequencies Read(string config, double theta = 10000) =>
        new RotaryReader(ModelConfig.Parse(Encoding.UTF8.GetBytes(config)), Dimension, 1024, theta).Read();

    private static FixedFrequencies Fixed(string config, double theta = 10000) => Assert.IsType<FixedFrequencies>(Read(config, theta));

    private static void Compare(string config, string other, int length)
    {
        long[] ids = [.. Enumerable.Range(0, length).Select(index => (long)(index * 3 % 20))];
        using var one = new DecoderSession(RandomCheckpoint.Create(config));
        using var two = new DecoderSession(RandomCheckpoint.Create(other));
        var expected = two.Run(ids, 1);
        Assert.InRange(Difference.Max(one.Run(ids, 1), expected), 0, 1e-5 * Difference.Spread(expected));
    }
}
